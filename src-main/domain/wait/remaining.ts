import { type Chance, inverseNormal, normalShare } from './chance.ts';
import type { SimWorker } from './queue-model.ts';

/** Progress says nothing below this share, and is never believed more than this. */
const FIRST_SHARE = 0.05;
const MOST_BELIEF = 0.9;
/** How far progress strays from the truth at its beginning, as standard deviation of the logarithm. */
const PROGRESS_SPREAD = 0.3;

/**
 * Draws how long a running job still takes, ms, given that it is not over yet, and its progress where that is told.
 * @param around factor of its worker. @param doubt factor of this run on its kind's median.
 */
export function drawRemaining(
  { job, elapsedMs, progress, cold }: Extract<SimWorker['state'], { kind: 'busy' }>,
  around: number,
  doubt: number,
  chance: Chance,
): number {
  const { estimate } = job;
  const median = (estimate.medianMs * doubt + (cold ? estimate.loadMs : 0)) * around;
  const spread = Math.max(0.05, estimate.spread);
  const over = normalShare(Math.log(Math.max(1, elapsedMs) / median) / spread);
  // Far beyond anything expected: about as long again as a part of what it has taken.
  const left =
    over > 0.99
      ? elapsedMs * 0.25 * -Math.log(chance.uniform())
      : median * Math.exp(spread * inverseNormal(over + (1 - over) * chance.uniform())) - elapsedMs;
  if (progress === null || progress < FIRST_SHARE) return Math.max(0, left);
  const stray = PROGRESS_SPREAD * (1 - progress) * chance.normal();
  const told = ((elapsedMs * (1 - progress)) / progress) * Math.exp(stray);
  const belief = Math.min(MOST_BELIEF, progress * 1.5);
  return Math.max(0, belief * told + (1 - belief) * left);
}
