import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { jobIdSchema } from '../../worker-agent/src/contract/job.ts';
import type { BulkAct, JobsService } from '../api/roles/jobs.ts';
import { createJobDetails } from './job-details.ts';
import type { JobAct, JobActs, JobLookup, OutputPlaces } from './roles.ts';

export interface JobsNeeds {
  /** @throws WorkshopError when no workshop is set up. */
  queue(): JobActs;
  lookup(): JobLookup;
  places: OutputPlaces;
}

/** Between looking and acting a job may start or end; that many turns are followed. */
const TURNS = 3;
/** Acts of one bulk that are under way at once: a hotel's link answers in 40 ms, a workshop has 10,000 jobs. */
const AT_ONCE = 64;
/** Reasons that a receipt names. */
const REASONS = 3;

/** Acts on jobs. Each is decided in Redis; what the screen showed does not matter. */
export function createJobsService({ queue, lookup, places }: JobsNeeds): JobsService {
  return {
    ...createJobDetails({ lookup, places }),
    find: ({ jobId }) => lookup().find(jobId),
    async bulk({ jobIds, act }) {
      const acts = queue();
      const ids = [...new Set(jobIds)];
      const done: string[] = [];
      const why = new Set<string>();
      let next = 0;
      const work = async () => {
        for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
          const outcome = jobIdSchema.safeParse(id).success ? await actOn(acts, id, act) : null;
          if (outcome?.kind === 'done') done.push(id);
          else if (why.size < REASONS)
            why.add(outcome ? refusal(outcome, id, ...RULES[act.kind]).message : NO_ID);
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
      return { done, refused: ids.length - done.length, why: [...why] };
    },
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

const NO_ID = 'The id of a job holds unusual characters; no act can name it.';

const RULES: Record<BulkAct['kind'], [verb: string, rule: string]> = {
  cancel: ['be cancelled', 'Only waiting jobs can be cancelled so.'],
  interrupt: ['be interrupted', 'Only running jobs can be interrupted.'],
  requeue: ['be queued again', 'Failed and cancelled jobs can be queued again.'],
  reinstate: ['be taken back', 'A cancellation can be taken back for 15 minutes.'],
  prioritise: ['be moved in the queue', 'Only waiting jobs have a place in the queue.'],
};

function actOn(acts: JobActs, jobId: string, act: BulkAct): Promise<JobAct> {
  switch (act.kind) {
    case 'cancel':
      return acts.cancelPending(jobId);
    case 'interrupt':
      return acts.cancelRunning(jobId);
    case 'requeue':
      return acts.requeue(jobId);
    case 'reinstate':
      return acts.reinstate(jobId);
    case 'prioritise':
      return acts.prioritise(jobId, act.priority);
  }
}

function refusal(act: JobAct, jobId: string, verb: string, rule: string): WorkshopError {
  const job = `Job ${jobId.length > 12 ? `${jobId.slice(0, 8)}…` : jobId}`;
  if (act.kind === 'wrong-state')
    return new WorkshopError('WRONG_STATE', `${job} is ${act.status} and cannot ${verb}.`, { remedy: rule });
  if (verb === RULES.reinstate[0])
    return new WorkshopError('NOT_FOUND', `${job} is not kept any more. ${rule}`);
  return new WorkshopError('NOT_FOUND', `${job} no longer exists and cannot ${verb}.`, {
    remedy: 'It was removed meanwhile; nothing is left to do.',
  });
}
