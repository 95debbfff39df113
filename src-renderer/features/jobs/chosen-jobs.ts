import type { JobSummary } from '../../../src-main/api/types.ts';

/** The rows that the host chose by hand. They stay chosen while the filter hides them, until they are let go. */
export interface ChosenJobs {
  ids: ReadonlySet<string>;
  /** The row from which a range is drawn; null before the first choice. */
  anchor: string | null;
  /** What was chosen apart from the range that is being drawn. */
  apart: ReadonlySet<string>;
}

export const NONE_CHOSEN: ChosenJobs = { ids: new Set(), anchor: null, apart: new Set() };

type Order = readonly Pick<JobSummary, 'id'>[];

/** Chooses one job, or lets it go. The next range begins there. */
export function toggleJob({ ids }: ChosenJobs, id: string): ChosenJobs {
  const apart = new Set(ids);
  apart.delete(id);
  return { ids: ids.has(id) ? apart : new Set(apart).add(id), anchor: id, apart };
}

/** Draws the range from the anchor to this job, in the order shown; it replaces a range drawn from there before. */
export function chooseThrough({ ids, anchor, apart }: ChosenJobs, order: Order, id: string): ChosenJobs {
  const to = order.findIndex((job) => job.id === id);
  const from = order.findIndex((job) => job.id === anchor);
  if (to < 0) return { ids, anchor, apart };
  if (from < 0) return { ids: new Set(ids).add(id), anchor: id, apart: ids };
  const range = order.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { ids: new Set([...apart, ...range.map((job) => job.id)]), anchor, apart };
}

/** Chooses all that are shown; lets all of them go when they are chosen already. */
export function toggleAll({ ids }: ChosenJobs, order: Order): ChosenJobs {
  const next = new Set(ids);
  if (order.every(({ id }) => ids.has(id))) for (const { id } of order) next.delete(id);
  else for (const { id } of order) next.add(id);
  return { ids: next, anchor: null, apart: next };
}

/** Lets these go: what was done to them is done. */
export function letGo({ ids }: ChosenJobs, done: readonly string[]): ChosenJobs {
  const next = new Set(ids);
  for (const id of done) next.delete(id);
  return { ids: next, anchor: null, apart: next };
}

/** What the chosen rows are now. */
export interface ChosenNow {
  /** Those that still exist. */
  jobs: JobSummary[];
  people: number;
  /** Of `jobs`, those that the filter hides. */
  hidden: number;
  /** Chosen, but deleted since. */
  gone: string[];
}

/** @param order What is shown. @param find A job as it is now; undefined when it is gone. */
export function readChosen(
  { ids }: ChosenJobs,
  order: Order,
  find: (id: string) => JobSummary | undefined,
): ChosenNow {
  const jobs: JobSummary[] = [];
  const gone: string[] = [];
  for (const id of ids) {
    const job = find(id);
    if (job) jobs.push(job);
    else gone.push(id);
  }
  let shown = 0;
  if (ids.size > 0) for (const { id } of order) if (ids.has(id)) shown += 1;
  return { jobs, people: new Set(jobs.map(({ userId }) => userId)).size, hidden: jobs.length - shown, gone };
}
