import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { JobsService } from '../api/roles.ts';
import type { JobAct, JobActs } from './roles.ts';

export interface JobsNeeds {
  /** @throws WorkshopError when no workshop is set up. */
  queue(): JobActs;
}

/** Between looking and acting a job may start or end; that many turns are followed. */
const TURNS = 3;

/** Acts on single jobs. Each is decided in Redis; what the screen showed does not matter. */
export function createJobsService({ queue }: JobsNeeds): JobsService {
  return {
    async cancel({ jobId }) {
      const acts = queue();
      let last: JobAct = { kind: 'not-found' };
      for (let turn = 0; turn < TURNS; turn += 1) {
        last = await acts.cancelPending(jobId);
        if (last.kind === 'done') return { was: 'pending' };
        if (last.kind === 'wrong-state' && last.status === 'running') {
          last = await acts.cancelRunning(jobId);
          if (last.kind === 'done') return { was: 'running' };
        }
        if (last.kind !== 'wrong-state' || !['pending', 'running'].includes(last.status)) break;
      }
      throw refusal(last, jobId, 'be cancelled', 'Only waiting and running jobs can be cancelled.');
    },
    async prioritise({ jobId, priority }) {
      const act = await queue().prioritise(jobId, priority);
      if (act.kind !== 'done')
        throw refusal(act, jobId, 'be moved in the queue', 'Only waiting jobs have a place in the queue.');
    },
    async requeue({ jobId }) {
      const act = await queue().requeue(jobId);
      if (act.kind !== 'done')
        throw refusal(act, jobId, 'be queued again', 'Failed and cancelled jobs can be queued again.');
    },
  };
}

function refusal(act: JobAct, jobId: string, verb: string, rule: string): WorkshopError {
  const job = `Job ${jobId.length > 12 ? `${jobId.slice(0, 8)}…` : jobId}`;
  if (act.kind === 'wrong-state')
    return new WorkshopError('WRONG_STATE', `${job} is ${act.status} and cannot ${verb}.`, { remedy: rule });
  return new WorkshopError('NOT_FOUND', `${job} no longer exists and cannot ${verb}.`, {
    remedy: 'It was removed meanwhile; nothing is left to do.',
  });
}
