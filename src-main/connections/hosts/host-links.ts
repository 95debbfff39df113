import { networkInterfaces } from 'node:os';
import type { HostTarget } from '../../domain/hosts/host-link.ts';
import { type HostLink, openHostLink } from './host-link.ts';
import { DEFAULT_TIMES, type HostLinkTimes } from './host-link-times.ts';
import { type SshHome, userSshHome } from './ssh-config-files.ts';
import { createSshMemory } from './ssh-keys.ts';

export interface HostLinksOptions {
  /** Where ~/.ssh is. Default: the person's own. */
  where?: SshHome;
  times?: Partial<HostLinkTimes>;
  /** Called when it is noticed that this laptop slept or changed networks, after the links were told. */
  onWake?: () => void;
}

/** All links to machines. They share what a person has told us, and notice when this laptop slept or changed networks. */
export interface HostLinks {
  open(target: HostTarget): HostLink;
  /** The laptop woke up: every link is proved at once. */
  wake(): void;
  /** Idempotent. */
  close(): void;
}

/** Between two looks at clock and network, and a jump of the clock that means sleep, ms. */
const LOOK_EVERY_MS = 1000;
const SLEPT_MS = 5000;

export function createHostLinks({ where = userSshHome(), times, onWake }: HostLinksOptions = {}): HostLinks {
  const memory = createSshMemory();
  const links = new Set<HostLink>();
  const wake = () => {
    for (const link of links) link.wake();
  };
  let lookedAt = Date.now();
  let network = addresses();
  const looking = setInterval(() => {
    const now = Date.now();
    const found = addresses();
    if (now - lookedAt > SLEPT_MS || found !== network) {
      wake();
      onWake?.();
    }
    lookedAt = now;
    network = found;
  }, LOOK_EVERY_MS);
  looking.unref();

  return {
    open(target) {
      const link = openHostLink(target, { memory, where, times: { ...DEFAULT_TIMES, ...times } });
      links.add(link);
      return {
        ...link,
        get state() {
          return link.state;
        },
        close() {
          links.delete(link);
          link.close();
        },
      };
    },
    wake,
    close() {
      clearInterval(looking);
      for (const link of links) link.close();
      links.clear();
    },
  };
}

/** The addresses this laptop has now, as one text. */
function addresses(): string {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .flatMap(({ address, internal }) => (internal ? [] : address))
    .sort()
    .join(' ');
}
