import type { Bucket } from '../../live/history.ts';
import type { Waits } from '../../live/store.ts';

/** When a job that is submitted now would start. */
export type StartEstimate =
  | { kind: 'at-once' }
  /** Minutes, low and high. */
  | { kind: 'range'; low: number; high: number }
  /** Not before somebody acts, or not known yet: `why` is a sentence. */
  | { kind: 'unknown'; why: string };

/** How far back the pace is measured, ms. */
const WINDOW = 15 * 60_000;
/** Fewer completions than this say nothing about the pace. */
const ENOUGH = 4;

/**
 * Estimates from the pace of the last quarter of an hour. With k completions seen, chance alone moves the pace by
 * about 1/sqrt(k), which gives the range its width.
 * @param buckets the fine history, oldest first.
 */
export function estimateStart(
  now: {
    pending: number | null;
    idleWorkers: number;
    upWorkers: number;
    held: boolean;
  },
  buckets: readonly Bucket[],
): StartEstimate {
  if (now.held) return { kind: 'unknown', why: 'A new job starts once the queue is released.' };
  if (now.pending === null) return { kind: 'unknown', why: 'When a new job would start is not known.' };
  if (now.upWorkers === 0) return { kind: 'unknown', why: 'A new job starts once a worker is up.' };
  if (now.pending === 0 && now.idleWorkers > 0) return { kind: 'at-once' };
  const last = buckets[buckets.length - 1];
  if (!last) return { kind: 'unknown', why: 'When a new job would start is known after a few jobs.' };
  // Each point counts the minute before it, so points a minute apart add up without overlap.
  let completed = 0;
  let minutes = 0;
  let next = last.at;
  for (let at = buckets.length - 1; at >= 0; at -= 1) {
    const bucket = buckets[at];
    if (!bucket || last.at - bucket.at > WINDOW) break;
    if (bucket.at > next || bucket.completedPerMinute === null) continue;
    completed += bucket.completedPerMinute;
    minutes += 1;
    next = bucket.at - 60_000;
  }
  if (completed < ENOUGH || minutes === 0)
    return { kind: 'unknown', why: 'When a new job would start is known after a few more jobs.' };
  const pace = completed / minutes;
  const spread = 1 / Math.sqrt(completed);
  const ahead = now.pending + 1;
  return {
    kind: 'range',
    low: Math.floor(ahead / (pace * (1 + spread))),
    high: Math.max(1, Math.ceil(ahead / (pace * (1 - spread)))),
  };
}

/** The estimate as people say it. */
export function estimateText(estimate: StartEstimate): string {
  if (estimate.kind === 'unknown') return estimate.why;
  if (estimate.kind === 'at-once') return 'A new job would start at once.';
  const { low, high } = estimate;
  if (high <= 1) return 'A new job would start within a minute.';
  if (low < 1) return `A new job would start in less than ${high} min.`;
  if (high >= 120) return `A new job would start in about ${hours(low)}–${hours(high)} h.`;
  return low === high
    ? `A new job would start in about ${low} min.`
    : `A new job would start in about ${low}–${high} min.`;
}

const hours = (minutes: number) => (minutes / 60).toFixed(1);

/** Fewer estimates than this say nothing about how good they are. */
const JUDGED = 5;

/**
 * Main's own estimate, from simulating the queue, as people say it.
 * @param now local epoch ms; the estimate has aged since it was made.
 */
export function waitsText(waits: Waits, now: number): string {
  const { newJob, medianErrorMs, estimatesMade } = waits;
  if (newJob.kind === 'held') return 'A new job starts once the queue is released.';
  if (newJob.kind === 'no-worker') return 'A new job starts once a worker is up.';
  const left = (ms: number) => Math.max(0, ms - (now - waits.at)) / 60_000;
  const high = left(newJob.p90);
  const text =
    high < 0.1
      ? 'A new job would start at once.'
      : estimateText({
          kind: 'range',
          low: Math.floor(left(newJob.low)),
          high: Math.max(1, Math.ceil(high)),
        });
  if (newJob.guess) return `${text} That is a first guess.`;
  if (medianErrorMs === null || estimatesMade < JUDGED) return text;
  return `${text} Estimates today were off by ${(medianErrorMs / 60_000).toFixed(1)} min (median).`;
}
