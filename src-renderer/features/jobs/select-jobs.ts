import type { JobSummary, JobView } from '../../../src-main/api/types.ts';
import { causeOfFailure, failureKey } from '../../../worker-agent/src/contract/failure-cause.ts';
import { type Nicknames, NO_NICKNAMES } from '../../live/names.ts';

export type JobStatus = JobSummary['status'];

/**
 * What is shown. `search` is a part of id, user, nickname, kind, worker or error, whatever its case; `kind`, `user` and `worker` are
 * as `filterKey` makes them; `cause` is why it failed, or one as `failureKey` makes it.
 */
export type JobFilter = JobView['filter'];

export const NO_FILTER: JobFilter = {
  ...{ status: null, search: '', kind: null, user: null, worker: null, cause: null },
};

export type JobSort = JobView['sort'];
export type SortColumn = JobSort['column'];

/** A name from outside as a filter offers it: hostile ones are cut, they may be 100 KB long. */
export const filterKey = (text: string) => text.slice(0, 120);

export interface JobSelection {
  jobs: JobSummary[];
  /** How many of each state the other filters leave. */
  ofStatus: Record<JobStatus, number>;
}

/** Filters and sorts all jobs. Called once a second at most, not for each change. */
export function selectJobs(
  all: Iterable<JobSummary>,
  filter: JobFilter,
  sort: JobSort,
  nicknames: Nicknames = NO_NICKNAMES,
): JobSelection {
  const ofStatus = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0, unreadable: 0 };
  const jobs: JobSummary[] = [];
  const search = filter.search.trim().toLowerCase();
  for (const job of all) {
    if (filter.kind !== null && filterKey(job.kind) !== filter.kind) continue;
    const nickname = Object.hasOwn(nicknames, job.userId) ? (nicknames[job.userId] ?? '') : '';
    if (filter.user !== null && filterKey(job.userId) !== filter.user && !isCalled(nickname, filter.user))
      continue;
    if (filter.worker !== null && filterKey(job.workerId ?? '') !== filter.worker) continue;
    if (filter.cause !== null && !failedOf(job, filter.cause)) continue;
    if (search !== '' && !mentions(job, nickname, search)) continue;
    ofStatus[job.status] += 1;
    if (filter.status === null || filter.status === job.status) jobs.push(job);
  }
  const sign = sort.descending ? -1 : 1;
  const by = sort.column === 'user' ? byName(nicknames) : COMPARE[sort.column];
  jobs.sort((a, b) => sign * by(a, b) || compareText(a.id, b.id));
  return { jobs, ofStatus };
}

function failedOf(job: JobSummary, cause: string): boolean {
  if (job.status !== 'failed') return false;
  const failure = causeOfFailure(job.error);
  return failure.cause === cause || failureKey(failure) === cause;
}

/** Whether that is a person's nickname, or one of its words, whatever its case. */
function isCalled(nickname: string, asked: string): boolean {
  if (nickname === '') return false;
  const [name, wanted] = [nickname.toLowerCase(), asked.toLowerCase()];
  return name === wanted || name.split(' ').includes(wanted);
}

function mentions(job: JobSummary, nickname: string, search: string): boolean {
  for (const text of [job.id, job.userId, nickname, job.kind, job.workerId, job.error])
    if (text?.slice(0, 1000).toLowerCase().includes(search)) return true;
  return false;
}

const RANK: Record<JobStatus, number> = {
  running: 0,
  pending: 1,
  unreadable: 2,
  failed: 3,
  cancelled: 3,
  completed: 3,
};

/** Running first, then the waiting in queue order, then what ended, latest first. */
function standing(a: JobSummary, b: JobSummary): number {
  const rank = RANK[a.status] - RANK[b.status];
  if (rank !== 0) return rank;
  if (a.status === 'pending') return compareNumber(a.score, b.score);
  if (a.status === 'running') return compareNumber(a.startedAt, b.startedAt);
  return compareNumber(b.completedAt ?? b.createdAt, a.completedAt ?? a.createdAt);
}

/** As the column shows them: by nickname, else by id. */
function byName(nicknames: Nicknames): (a: JobSummary, b: JobSummary) => number {
  const shown = ({ userId }: JobSummary) =>
    Object.hasOwn(nicknames, userId) ? (nicknames[userId] ?? userId).toLowerCase() : userId;
  return (a, b) => compareText(shown(a), shown(b)) || compareText(a.userId, b.userId);
}

const COMPARE: Record<Exclude<SortColumn, 'user'>, (a: JobSummary, b: JobSummary) => number> = {
  standing,
  kind: (a, b) => compareText(a.kind, b.kind),
  created: (a, b) => compareNumber(a.createdAt, b.createdAt),
  duration: (a, b) => compareNumber(lasted(a), lasted(b)),
  worker: (a, b) => compareText(a.workerId ?? '\uffff', b.workerId ?? '\uffff'),
  priority: (a, b) => compareNumber(a.priority, b.priority),
};

/** How long a finished job ran, ms; running ones count from their start, so that they keep an order among themselves. */
function lasted(job: JobSummary): number | null {
  if (job.startedAt === null) return null;
  return job.completedAt === null ? Number.MAX_SAFE_INTEGER - job.startedAt : job.completedAt - job.startedAt;
}

/** Unknown goes last. */
function compareNumber(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a - b;
}

const compareText = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
