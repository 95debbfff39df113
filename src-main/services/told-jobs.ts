import type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
import type { BulkAct, JobsService } from '../api/roles/jobs.ts';
import type { JobSummary } from '../domain/workshop.ts';

export interface ToldJobsNeeds {
  jobs: JobsService;
  /** What is known of a job; undefined when nothing is. */
  job(jobId: string): JobSummary | undefined;
  /** Adds an entry to the story of the workshop. */
  note(event: Pick<AgentEvent, 'kind' | 'jobId' | 'userId' | 'workerId' | 'message'>): Promise<void>;
}

/** The acts on jobs, each told to the other consoles once it is done: nobody wonders where a job went. */
export function tellJobs({ jobs, job, note }: ToldJobsNeeds): JobsService {
  // The act is done; a lost note changes nothing.
  const tell = (userId: string | null, jobId: string | null, message: string) =>
    note({ kind: 'host-act', jobId, userId, workerId: null, message }).catch(() => {});
  /** Looks a job up before the act: it may be gone after. */
  const about = (jobId: string) => {
    const userId = job(jobId)?.userId ?? null;
    const what = userId === null ? 'a job' : `a job of ${userId}`;
    return (words: (what: string) => string) => tell(userId, jobId, words(what));
  };
  return {
    ...jobs,
    async cancel({ jobId }) {
      const say = about(jobId);
      const done = await jobs.cancel({ jobId });
      await say((what) =>
        done.was === 'running' ? `Interrupted ${what}.` : `Cancelled ${what} that waited.`,
      );
      return done;
    },
    async prioritise(input) {
      const say = about(input.jobId);
      await jobs.prioritise(input);
      await say((what) => `${didTo({ kind: 'prioritise', priority: input.priority }, what)}.`);
    },
    async requeue(input) {
      const say = about(input.jobId);
      await jobs.requeue(input);
      await say((what) => `${didTo({ kind: 'requeue' }, what)}.`);
    },
    async bulk(input) {
      const people = new Set(input.jobIds.map((id) => job(id)?.userId));
      const [only] = people.size === 1 ? people : [];
      const receipt = await jobs.bulk(input);
      const count = receipt.done.length;
      if (count === 0) return receipt;
      const what = `${count} ${count === 1 ? 'job' : 'jobs'}${only === undefined ? '' : ` of ${only}`}`;
      await tell(only ?? null, null, `${didTo(input.act, what)}.`);
      return receipt;
    },
  };
}

function didTo(act: BulkAct, what: string): string {
  switch (act.kind) {
    case 'cancel':
      return `Cancelled ${what}`;
    case 'interrupt':
      return `Interrupted ${what}`;
    case 'requeue':
      return `Queued ${what} again`;
    case 'reinstate':
      return `Took the cancelling of ${what} back`;
    case 'prioritise':
      return act.priority === 0
        ? `Moved ${what} to the front`
        : `Set the priority of ${what} to ${act.priority}`;
  }
}
