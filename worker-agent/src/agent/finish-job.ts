import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import type { Claim, JobConsumer, SettleOutcome } from '../queue/roles.ts';
import type { Emit } from './event-log.ts';
import type { JobEnding } from './run-job.ts';
import type { Spool } from './spool.ts';

export interface FinishDeps {
  consumer: Pick<JobConsumer, 'settle' | 'requeue'>;
  spool: Spool;
  emit: Emit;
  log: Logger;
}

/** What the worker counts and decides by. */
export type Finished = 'completed' | 'failed' | 'cancelled' | 'requeued' | 'dropped' | 'spooled';

export interface JobOwner {
  userId: string;
  workerId: string;
}

/** Writes a job's ending to the queue, or to disk while Redis is away. Never throws. */
export async function finishJob(
  deps: FinishDeps,
  claim: Claim,
  owner: JobOwner,
  ending: JobEnding,
): Promise<Finished> {
  const who = { jobId: claim.jobId, ...owner };
  switch (ending.kind) {
    case 'abandon':
      if (ending.why === 'lost')
        deps.emit('lease-lost', `${owner.workerId} gave up job ${claim.jobId}: it is no longer ours`, who);
      else deps.emit('job-reported', `Job ${claim.jobId} was deleted while it ran`, who);
      return 'dropped';
    case 'requeue':
    case 'give-back': {
      const reason = ending.kind === 'requeue' ? ending.error.message : 'the agent was stopped at once';
      try {
        const counted = ending.kind === 'requeue' && ending.counted;
        const outcome = await deps.consumer.requeue(claim, reason, { uncounted: !counted });
        if (outcome !== 'requeued') return outcome === 'cancelled' ? 'cancelled' : 'dropped';
        deps.emit('job-requeued', `Job ${claim.jobId} went back to its place: ${reason}`, who);
        return 'requeued';
      } catch (cause) {
        // The lease ends by itself; whoever looks after lost leases gives the job back.
        deps.log.error({ ...who, reason: toWorkshopError(cause).message }, 'job could not be given back yet');
        return 'dropped';
      }
    }
    case 'settle':
      try {
        const outcome = await deps.consumer.settle(claim, ending.settlement);
        return reportSettled(deps, who, ending, outcome);
      } catch (cause) {
        deps.log.warn(
          { ...who, reason: toWorkshopError(cause).message },
          'Redis is away: the result is kept on disk',
        );
        deps.spool.put(claim, ending.settlement, owner);
        return 'spooled';
      }
  }
}

/** Turns the queue's word on a settlement into an event and a count. */
export function reportSettled(
  deps: Pick<FinishDeps, 'emit'>,
  owner: { jobId: string; userId: string; workerId: string },
  ending: { settlement: { status: string; error?: string } },
  outcome: SettleOutcome,
): Finished {
  const { jobId, userId, workerId } = owner;
  const who = { jobId, userId, workerId };
  const job = `Job ${jobId} of ${userId}`;
  switch (outcome.kind) {
    case 'settled': {
      const said = outcome.status === 'failed' ? `: ${(ending.settlement.error ?? '').slice(0, 500)}` : '';
      const words = { completed: 'is complete', failed: 'failed', cancelled: 'was cancelled' } as const;
      deps.emit(`job-${outcome.status}`, `${job} ${words[outcome.status]}${said}`, who);
      return outcome.status;
    }
    case 'overruled':
      deps.emit(
        outcome.status === 'cancelled' ? 'job-cancelled' : 'job-reported',
        `${job} had already been set to ${outcome.status} by somebody else; that stands`,
        who,
      );
      return outcome.status;
    case 'fenced':
      deps.emit('lease-lost', `${job} was taken over by somebody else; our result was not written`, who);
      return 'dropped';
    case 'gone':
      deps.emit('job-reported', `${job} was deleted while it ran; its result is dropped`, who);
      return 'dropped';
  }
}
