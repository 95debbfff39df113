import type { GiveUp } from './job-abort.ts';
import { GiveUpError } from './job-abort.ts';
import type { JobInHand } from './job-in-hand.ts';

/** Jobs that ComfyUI is through with, while their files are brought away and their ends are written. */
export interface Finishing {
  /** @param since when it came through, Redis time, epoch ms. */
  add(job: JobInHand, abort: AbortController, since: number): void;
  /** Does nothing for a job that is not among them. */
  remove(job: JobInHand): void;
  /** The one that has been here longest. */
  first(): JobInHand | undefined;
  /** Each with when it came through, the longest first. */
  all(): { job: JobInHand; since: number }[];
  readonly size: number;
  abortAll(why: GiveUp): void;
}

/** @param onLeave called whenever one is through. */
export function createFinishing(onLeave: () => void): Finishing {
  const jobs = new Map<JobInHand, { abort: AbortController; since: number }>();
  return {
    add: (job, abort, since) => void jobs.set(job, { abort, since }),
    remove(job) {
      if (jobs.delete(job)) onLeave();
    },
    first: () => jobs.keys().next().value,
    all: () => [...jobs].map(([job, { since }]) => ({ job, since })),
    get size() {
      return jobs.size;
    },
    abortAll(why) {
      for (const { abort } of jobs.values()) abort.abort(new GiveUpError(why));
    },
  };
}
