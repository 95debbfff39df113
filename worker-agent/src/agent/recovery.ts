import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import { readJobText } from '../contract/job-text.ts';
import type { JobConsumer } from '../queue/roles.ts';
import type { Emit } from './event-log.ts';
import { reportSettled } from './finish-job.ts';
import type { Fleet } from './fleet.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { OwnClaim, OwnClaims } from './own-claims.ts';
import type { Spool } from './spool.ts';

export interface RecoveryDeps {
  spool: Spool;
  leases: Pick<LeaseKeeper, 'holds' | 'renewNow'>;
  fleet: Pick<Fleet, 'adopt' | 'worker'>;
  consumer: Pick<JobConsumer, 'requeue'>;
  ownClaims: OwnClaims;
  emit: Emit;
  log: Logger;
}

/**
 * Puts in order what an earlier life, or a time without Redis, left behind: results on disk are settled first, then
 * leases renewed, then jobs that are ours but in nobody's hand are carried on with (contract 8.9, 8.10).
 *
 * `onlyExpired` leaves claims alone whose lease still runs: between restarts such a one may be on its way to a worker.
 * @throws when Redis goes away meanwhile; it is run again at the next connection.
 */
export function createRecovery(deps: RecoveryDeps): (how: { onlyExpired: boolean }) => Promise<void> {
  const adopt = async (own: OwnClaim) => {
    const claim = await deps.ownClaims.takeOver(own);
    if (!claim) return;
    if (await deps.fleet.adopt(own.workerId, claim)) return;
    // Its worker no longer fits on this host: others may have the job.
    const reason = `${own.workerId} no longer exists on this host`;
    const outcome = await deps.consumer.requeue(claim, reason);
    if (outcome !== 'requeued') return;
    const { user_id: userId } = readJobText(claim.text, claim.jobId).fields;
    deps.emit('job-requeued', `Job ${claim.jobId} went back to its place: ${reason}`, {
      jobId: claim.jobId,
      userId,
    });
  };

  const pass = async ({ onlyExpired }: { onlyExpired: boolean }) => {
    await deps.spool.flush((spooled, outcome) => reportSettled(deps, spooled, spooled, outcome));
    await deps.leases.renewNow();
    for (const own of await deps.ownClaims.list()) {
      if (onlyExpired && !own.expired) continue;
      const inHand = deps.leases.holds(own.jobId) || deps.spool.has(own.jobId);
      if (inHand || deps.fleet.worker(own.workerId)?.isClaiming()) continue;
      try {
        await adopt(own);
      } catch (cause) {
        const error = toWorkshopError(cause);
        if (error.retryable || error.code === 'REDIS_AUTH') throw error;
        // One job that cannot be understood must not keep the others, or the queue, waiting.
        deps.log.error({ jobId: own.jobId, reason: error.message }, 'a job could not be carried on with');
      }
    }
  };

  let last: Promise<void> = Promise.resolve();
  return (how) => {
    // One pass after the other: two at once would see the same claims.
    const next = last.then(() => pass(how));
    last = next.catch(() => {});
    return next;
  };
}
