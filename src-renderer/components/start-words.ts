import type { Waits } from '../live/store.ts';
import { spanText } from './format.ts';

type Estimate = Waits['byJob'][string];
/** Of the jobs in front, or of those farther back. */
type Told = Pick<Waits, 'at' | 'byJob'>;

/** Below this a span of minutes says less than the middle of the range, ms. */
const SHORT = 90_000;
/** From here on it may begin any moment, ms. */
const NEXT = 5000;

/** What main estimates of one job; undefined where it says nothing. Job ids come from outside. */
function estimateOf(waits: Told | null, jobId: string): Estimate | undefined {
  return waits && Object.hasOwn(waits.byJob, jobId) ? waits.byJob[jobId] : undefined;
}

/** What is left of a range, aged since it was made: "9–14 min", "< 4 min", "40 s"; 'next' when it may begin now. */
function leftText(estimate: Extract<Estimate, { kind: 'range' }>, aged: number): string {
  const left = (ms: number) => Math.max(0, ms - aged);
  if (left(estimate.p50) < NEXT) return 'next';
  const [low, high] = [Math.floor(left(estimate.low) / 60_000), Math.ceil(left(estimate.p90) / 60_000)];
  if (left(estimate.p90) < SHORT) return spanText(left(estimate.p50));
  return low === 0 ? `< ${high} min` : low === high ? `${low} min` : `${low}–${high} min`;
}

/**
 * When a waiting job starts, for a narrow cell: "≈ 2–5 min", the same range as everywhere; "guess 2–5 min" before its
 * like was seen; undefined where not known.
 */
export function jobStartText(waits: Told | null, jobId: string, now: number): string | undefined {
  const estimate = estimateOf(waits, jobId);
  if (!waits || estimate?.kind !== 'range') return undefined;
  const span = leftText(estimate, now - waits.at);
  if (span === 'next') return span;
  return `${estimate.guess ? 'guess' : '≈'} ${span}`.replace('≈ <', '<');
}

/**
 * When a waiting job starts, in words: "starts in about 9–14 min", "a guess: in 9–14 min", "starts once released";
 * undefined where not known. A cell that is too narrow never cuts the mark of a guess.
 */
export function jobStartWords(waits: Told | null, jobId: string, now: number): string | undefined {
  const estimate = estimateOf(waits, jobId);
  if (!waits || !estimate) return undefined;
  if (estimate.kind === 'held')
    return estimate.what === 'user' ? 'starts once released' : 'starts once the queue goes on';
  if (estimate.kind === 'no-worker') return 'starts once a worker is up';
  const span = leftText(estimate, now - waits.at);
  if (span === 'next') return 'starts next';
  const within = span.startsWith('<') ? span.replace('<', 'within') : undefined;
  if (estimate.guess) return `a guess: ${within ?? `in ${span}`}`;
  return `starts ${within ?? `in about ${span}`}`;
}
