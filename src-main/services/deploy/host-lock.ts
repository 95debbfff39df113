import { setTimeout as sleep } from 'node:timers/promises';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { ExecResult, RemoteHost } from '../../connections/hosts/remote-host.ts';
import { ConsoleCloses, STILL_RUNS_REMEDY, stillRuns } from './run-work.ts';
import { LOCK, UNLOCK } from './scripts.ts';

/** A lock that was not renewed for so long belongs to a console that is gone, s. */
const DEAD_S = 120;
const RENEW_MS = 40_000;
const HELD = 75;
const LEFT = 76;
/** What an earlier run left running is waited for so long, as installations of others are, ms. */
const LEFT_MS = 600_000;
const LEFT_LOOK_MS = 1000;

/** Who holds locks: one process of a console. */
export interface LockOwner {
  /** Differs for every process; holds no bar. */
  id: string;
  /** As others read it. */
  by: string;
  /**
   * Whether a holder is an earlier process of this very console: `gone` when it surely no longer runs, `here` when it
   * may, null when it is another console.
   * @param ageS since its last sign, s.
   */
  own(holder: string, ageS: number): 'gone' | 'here' | null;
}

export interface TakeOptions {
  signal: AbortSignal;
  say(line: string): void;
  /** What is waited for, in a sentence; null: no longer. */
  waits(what: string | null): void;
  /** Ends what an earlier run left running. @returns null with the proof of its end; else why there is none. */
  end(work: string): Promise<string | null>;
}

/** Keeps two consoles from working on one machine. It stands on the machine itself. */
export interface HostLock {
  /**
   * Takes it, and waits until nothing of an earlier run is at work there.
   * @throws WorkshopError HOST_BUSY naming who has it or what runs; the signal's reason, or one of `mayStillRun`.
   */
  take(options: TakeOptions): Promise<void>;
  /** Renews it. @throws WorkshopError HOST_BUSY naming who has it. */
  hold(): Promise<void>;
  /** Renews it in the background until the returned function is called. */
  keep(): () => void;
  release(): Promise<void>;
}

export function lockHost(host: RemoteHost, root: string, owner: LockOwner): HostLock {
  const by = owner.by.replaceAll(/[^\w@.-]/g, '_').slice(0, 80);
  const ask = (gone: string, look: boolean) =>
    host.script(LOCK, [root, owner.id, by, String(DEAD_S), gone, look ? 'look' : ''], { timeoutMs: 20_000 });
  /** @returns what still runs there of an earlier run; null for nothing. */
  const get = async (look: boolean): Promise<string | null> => {
    let result = await ask('', look);
    if (result.code === HELD) {
      const { age, holder } = heldBy(result);
      if (owner.own(holder, Number(age)) === 'gone') result = await ask(holder, look);
    }
    if (result.code === 0) return null;
    if (result.code === LEFT) return result.stdout.trim();
    if (result.code === HELD) throw busy(host, owner, heldBy(result));
    const full = /No space left/i.test(result.stderr);
    throw new WorkshopError(
      full ? 'HOST_DISK_FULL' : 'HOST_FILE',
      `${root} on ${host.label} cannot be written to${full ? ': the disk is full' : `: ${result.stderr.trim().slice(-200)}`}.`,
      { remedy: 'Make room there or log in as a user who may write to it.' },
    );
  };
  const release = async () => {
    await host.script(UNLOCK, [root, owner.id], { timeoutMs: 20_000 });
  };

  return {
    async take({ signal, say, waits, end }) {
      const begun = performance.now();
      let told = false;
      for (;;) {
        const left = await get(true);
        if (left === null) return;
        const [age = '', work = '', title = '', pids = ''] = left.split('|');
        const what = `“${title}” of an earlier run, begun ${age} s ago, still runs on ${host.label} as ${processes(pids)}`;
        const now = performance.now();
        if (signal.reason instanceof ConsoleCloses) throw signal.reason;
        if (signal.aborted) {
          say('It is being ended.');
          const why = await end(work);
          if (why === null) {
            await release().catch(() => {});
            throw signal.reason;
          }
          throw stillRuns(new WorkshopError('HOST_BUSY', `${what}. ${why}`, { remedy: STILL_RUNS_REMEDY }));
        }
        if (now - begun > LEFT_MS) {
          await release().catch(() => {});
          throw new WorkshopError('HOST_BUSY', `${what}, so nothing was begun beside it.`, {
            remedy:
              'Press again, and then “Stop here”: that ends it. If it cannot be ended, restart the machine.',
          });
        }
        const sentence = `${what}. It is waited for, and nothing begins beside it; “Stop here” ends it.`;
        if (!told) say(sentence);
        told = true;
        waits(sentence);
        await sleep(LEFT_LOOK_MS, undefined, { signal }).catch(() => {});
      }
    },
    async hold() {
      await get(false);
    },
    keep() {
      // What fails here is noticed by the step that runs, or by the next one's hold.
      const timer = setInterval(() => void get(false).catch(() => {}), RENEW_MS);
      return () => clearInterval(timer);
    },
    release,
  };
}

function processes(pids: string): string {
  const [first, ...others] = pids.trim().split(' ');
  return `process ${first}${others.length === 0 ? '' : ` and ${others.length} more`}`;
}

interface Held {
  age: string;
  holder: string;
  who: string;
}

function heldBy({ stdout }: ExecResult): Held {
  const [age = '', holder = '', who = 'somebody'] = stdout.trim().split('|');
  return { age, holder, who };
}

function busy(host: RemoteHost, owner: LockOwner, { age, holder, who }: Held): WorkshopError {
  if (owner.own(holder, Number(age)) === 'here')
    return new WorkshopError(
      'HOST_BUSY',
      `This console is open a second time, and that one is working on ${host.label}; its last sign is ${age} s old.`,
      { remedy: 'Wait until it is done, or stop it there; then press again.' },
    );
  return new WorkshopError(
    'HOST_BUSY',
    `${who} is working on ${host.label}; its last sign is ${age} s old.`,
    {
      remedy: `Wait until that is done, then press again. If that console is gone, the way is free after ${DEAD_S} s.`,
    },
  );
}
