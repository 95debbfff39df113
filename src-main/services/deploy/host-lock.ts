import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { LOCK, UNLOCK } from './scripts.ts';

/** A lock that was not renewed for so long belongs to a console that is gone, s. */
const DEAD_S = 120;
const RENEW_MS = 40_000;
const HELD = 75;

/** Keeps two consoles from working on one machine. It stands on the machine itself. */
export interface HostLock {
  /** Takes or renews it. @throws WorkshopError HOST_BUSY naming who has it. */
  hold(): Promise<void>;
  /** Renews it in the background until the returned function is called. */
  keep(): () => void;
  release(): Promise<void>;
}

/** @param owner.id differs for every console that runs; `owner.by` is what others read. */
export function lockHost(host: RemoteHost, root: string, owner: { id: string; by: string }): HostLock {
  const by = owner.by.replaceAll(/[^\w@.-]/g, '_').slice(0, 80);
  const hold = async () => {
    const result = await host.script(LOCK, [root, owner.id, by, String(DEAD_S)], { timeoutMs: 20_000 });
    if (result.code === 0) return;
    if (result.code === HELD) {
      const [age = '', who = 'somebody'] = result.stdout.trim().split('|');
      throw new WorkshopError(
        'HOST_BUSY',
        `${who} is working on ${host.label}; its last sign is ${age} s old.`,
        {
          remedy: `Wait until that is done, then press again. If that console is gone, the way is free after ${DEAD_S} s.`,
        },
      );
    }
    const full = /No space left/i.test(result.stderr);
    throw new WorkshopError(
      full ? 'HOST_DISK_FULL' : 'HOST_FILE',
      `${root} on ${host.label} cannot be written to${full ? ': the disk is full' : `: ${result.stderr.trim().slice(-200)}`}.`,
      { remedy: 'Make room there or log in as a user who may write to it.' },
    );
  };
  return {
    hold,
    keep() {
      // What fails here is noticed by the step that runs, or by the next one's hold.
      const timer = setInterval(() => void hold().catch(() => {}), RENEW_MS);
      return () => clearInterval(timer);
    },
    async release() {
      await host.script(UNLOCK, [root, owner.id], { timeoutMs: 20_000 });
    },
  };
}
