import type { Redis } from 'ioredis';
import { inspectRunning, takeOver } from '../queue/recovery.ts';
import type { Claim, JobConsumer } from '../queue/roles.ts';

/** A job that stands in Redis as claimed by one of this host's workers. */
export interface OwnClaim {
  jobId: string;
  token: string;
  workerId: string;
  /** Its lease ran out. */
  expired: boolean;
}

export interface OwnClaims {
  /** Every claim in Redis that carries this host's id. */
  list(): Promise<OwnClaim[]>;
  /** Takes a claim under a new token; undefined when there is nothing to carry on with. */
  takeOver(own: OwnClaim): Promise<Claim | undefined>;
}

export function ownClaimsIn(
  redis: Redis,
  consumer: Pick<JobConsumer, 'park'>,
  who: { hostId: string; leaseMs: number },
): OwnClaims {
  return {
    async list() {
      const { running } = await inspectRunning(redis);
      return running.flatMap(({ claim }) => (claim?.hostId === who.hostId ? claim : []));
    },
    async takeOver({ jobId, token, workerId }) {
      const outcome = await takeOver(redis, jobId, token, { workerId, ...who });
      if (outcome.kind === 'unreadable') await consumer.park({ jobId, token }, outcome.reason);
      return outcome.kind === 'taken' ? outcome.claim : undefined;
    },
  };
}
