import type { HostStatus } from './host.ts';

/** What tells when a job kept its worker busy. Times are Redis time, epoch ms. */
export interface Stay {
  startedAt: number | null;
  completedAt: number | null;
  workerId: string | null;
  /** As its agent told it; absent where no agent did. */
  computed?: readonly [from: number, until: number] | undefined;
}

/** Two clocks of one machine and the rounding of dates may differ by this much, ms. */
const TOLERANCE_MS = 1000;

/**
 * When each job kept its worker busy. A worker takes its next job while the files of the last one are brought away, so
 * where no agent told it, a job's time ends at the latest when the next one starts on its worker.
 * @param openUntil until when a job counts that has not ended; null for not at all.
 * @returns a span for every job that has one, shorter than none never.
 */
export function gpuSpans<Job extends Stay>(
  jobs: Iterable<Job>,
  openUntil: (job: Job) => number | null = () => null,
): Map<Job, readonly [from: number, until: number]> {
  const started = [...jobs].flatMap((job) =>
    job.startedAt === null ? [] : [{ job, from: job.startedAt, worker: job.workerId ?? '' }],
  );
  started.sort((a, b) => a.from - b.from);
  const shared = sharedNames(started.map(({ job }) => job));
  const spans = new Map<Job, readonly [number, number]>();
  const nextOn = new Map<string, number>();
  for (const { job, from, worker } of started.reverse()) {
    const next = nextOn.get(worker);
    nextOn.set(worker, from);
    const told = job.computed;
    const end = job.completedAt ?? openUntil(job);
    if (told) spans.set(job, told);
    else if (end !== null) {
      const bounded = next !== undefined && next > from && worker !== '' && !shared.has(worker);
      spans.set(job, [from, Math.max(from, bounded ? Math.min(end, next) : end)]);
    }
  }
  return spans;
}

/** Workers whose jobs are told to have computed at once: two hosts call one of theirs so. */
function sharedNames(jobs: readonly Stay[]): Set<string> {
  const told = jobs.flatMap(({ computed, workerId }) =>
    computed ? [{ computed, worker: workerId ?? '' }] : [],
  );
  told.sort((a, b) => a.computed[0] - b.computed[0]);
  const untilOn = new Map<string, number>();
  const shared = new Set<string>();
  for (const { computed, worker } of told) {
    const until = untilOn.get(worker) ?? 0;
    if (computed[0] < until - TOLERANCE_MS) shared.add(worker);
    untilOn.set(worker, Math.max(until, computed[1]));
  }
  return shared;
}

/** Jobs that are brought away now, each with when its computing ended, Redis time, epoch ms. */
export function finishingSince(statuses: Iterable<HostStatus | null>): Map<string, number> {
  const since = new Map<string, number>();
  for (const status of statuses) for (const job of status?.finishing ?? []) since.set(job.jobId, job.since);
  return since;
}
