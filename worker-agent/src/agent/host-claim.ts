import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Redis } from 'ioredis';
import { WorkshopError } from '../contract/errors.ts';
import { keys } from '../contract/keys.ts';

/** How long a host id stays taken after its machine's last word, s. */
const TAKEN_S = 90;

/** Keeps two machines from using one host id: each would take the other's jobs for its own. */
export interface HostClaim {
  /** Takes or renews the id. @throws WorkshopError CONFIG while another machine has it. */
  renew(): Promise<void>;
  /** Whether the id was ours when last asked. */
  isOurs(): boolean;
  release(): Promise<void>;
}

export function claimHostId(redis: Pick<Redis, 'set' | 'get' | 'expire' | 'del'>, hostId: string): HostClaim {
  const key = keys.lock(`host:${hostId}`);
  const mine = `${hostname()} ${bootId()}`;
  let ours = false;
  return {
    async renew() {
      const taken = await redis.set(key, mine, 'EX', TAKEN_S, 'NX');
      const holder = taken === 'OK' ? mine : await redis.get(key);
      ours = holder === null || holder === mine;
      if (!ours)
        throw new WorkshopError(
          'CONFIG',
          `The host id ${hostId} is in use by another machine (${holder?.split(' ')[0]}), or was until ${TAKEN_S} s ago.`,
          { remedy: 'Give each GPU host its own AGENT_HOST_ID and WORKER_ID_PREFIX.' },
        );
      await redis.expire(key, TAKEN_S);
    },
    isOurs: () => ours,
    async release() {
      if (ours) await redis.del(key);
    },
  };
}

/** Differs for every start of the machine, also between clones of one image. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
