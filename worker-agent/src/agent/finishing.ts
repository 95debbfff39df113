import type { GiveUp } from './job-abort.ts';
import { GiveUpError } from './job-abort.ts';
import type { JobInHand } from './job-in-hand.ts';

/** Jobs that ComfyUI is through with, while their files are brought away and their ends are written. */
export interface Finishing {
  add(job: JobInHand, abort: AbortController): void;
  /** Does nothing for a job that is not among them. */
  remove(job: JobInHand): void;
  /** The one that has been here longest. */
  first(): JobInHand | undefined;
  readonly size: number;
  abortAll(why: GiveUp): void;
}

/** @param onLeave called whenever one is through. */
export function createFinishing(onLeave: () => void): Finishing {
  const jobs = new Map<JobInHand, AbortController>();
  return {
    add: (job, abort) => void jobs.set(job, abort),
    remove(job) {
      if (jobs.delete(job)) onLeave();
    },
    first: () => jobs.keys().next().value,
    get size() {
      return jobs.size;
    },
    abortAll(why) {
      for (const abort of jobs.values()) abort.abort(new GiveUpError(why));
    },
  };
}
