import type { Redis } from 'ioredis';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { attempt } from './attempt.ts';

/** A claim that was not renewed for so long is one of a deployment that is over, s; its agent's status tells the rest. */
const HELD_S = 120;

/** Which GPU host gives its workers which prefix, while its agent does not tell it yet. */
export function createPrefixClaims(client: () => Redis) {
  return {
    /**
     * Claims a prefix for a host, or renews its claim.
     * @returns the host that has it: this one, or another that was faster.
     * @throws WorkshopError when Redis cannot be used.
     */
    claim: (prefix: string, hostId: string): Promise<string> =>
      attempt(async () => {
        const key = keys.lock(`worker-prefix:${prefix}`);
        for (;;) {
          if ((await client().set(key, hostId, 'EX', HELD_S, 'NX')) === 'OK') return hostId;
          const holder = await client().get(key);
          // Null: it has just expired.
          if (holder === hostId) await client().expire(key, HELD_S);
          if (holder !== null) return holder;
        }
      }),
  };
}
