import { toWorkshopError } from '../contract/errors.ts';
import type { Claim } from '../queue/roles.ts';
import type { WorkerDeps } from './worker-roles.ts';

/** A claim with its lease being kept; what becomes of the job aborts `abort`. */
export interface HeldClaim {
  claim: Claim;
  abort: AbortController;
  release: () => void;
}

/** How one worker comes by jobs, and gives back what it cannot run. */
export interface JobTaker {
  /** Claims the next job. 'again' = what was next could not be read and was set aside. Never throws. */
  next(exclude: readonly string[]): Promise<Claim | 'again' | undefined>;
  /** Keeps the lease of a claim from now on. */
  hold(claim: Claim): HeldClaim;
  /** True while a claim is on its way. */
  isClaiming(): boolean;
  /** Sets aside a claimed job whose text cannot be read. */
  park(held: HeldClaim): Promise<void>;
  /** Gives a job back for a reason that is not its own fault. Never throws: a lease left behind ends by itself. */
  passOver(claim: Claim, reason: string): Promise<void>;
  /** Gives jobs back because this worker's server will not come. */
  giveBack(held: readonly HeldClaim[]): Promise<void>;
}

export function createJobTaker(
  deps: Pick<WorkerDeps, 'workerId' | 'hostId' | 'mode' | 'leaseMs' | 'consumer' | 'leases' | 'emit' | 'log'>,
): JobTaker {
  const { workerId, consumer, log } = deps;
  let claiming = false;

  const sayParked = (jobId: string, why: string) =>
    deps.emit('job-parked', `Job ${jobId} cannot be read and was set aside${why}`, { jobId, workerId });

  return {
    async next(exclude) {
      claiming = true;
      try {
        const outcome = await consumer.claim({
          hostId: deps.hostId,
          workerId,
          mode: deps.mode,
          leaseMs: deps.leaseMs,
          exclude,
        });
        if (outcome.kind === 'claimed') return outcome.claim;
        if (outcome.kind !== 'parked') return undefined;
        sayParked(outcome.jobId, `: ${outcome.reason}`);
        return 'again';
      } catch (cause) {
        log.debug({ workerId, reason: toWorkshopError(cause).message }, 'claim failed');
        return undefined;
      } finally {
        claiming = false;
      }
    },
    hold(claim) {
      const abort = new AbortController();
      return { claim, abort, release: deps.leases.hold(claim, abort) };
    },
    isClaiming: () => claiming,
    async park({ claim, release }) {
      release();
      await consumer.park(claim, 'its text cannot be read').catch(() => {});
      sayParked(claim.jobId, '');
    },
    async passOver(claim, reason) {
      try {
        await consumer.requeue(claim, reason, { uncounted: true });
      } catch (cause) {
        // The lease ends by itself; whoever looks after lost leases gives the job back.
        log.warn(
          { jobId: claim.jobId, reason: toWorkshopError(cause).message },
          'job could not be given back yet',
        );
      }
    },
    async giveBack(held) {
      for (const { claim, release } of held) {
        release();
        await consumer
          .requeue(claim, `the ComfyUI of ${workerId} is not usable`)
          .catch((cause: unknown) =>
            log.warn({ jobId: claim.jobId, reason: toWorkshopError(cause).message }, 'requeue failed'),
          );
      }
    },
  };
}
