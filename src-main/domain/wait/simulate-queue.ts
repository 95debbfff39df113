import { createChance } from './chance.ts';
import { createJobTable } from './job-table.ts';
import { createPlay } from './play-queue.ts';
import type { QueueNow, StartRange } from './queue-model.ts';
import { quantileOf } from './robust.ts';

export interface Simulation {
  /** One for each waiting job, in order. */
  jobs: StartRange[];
  /** A job of normal priority that somebody submits now. */
  newJob: StartRange;
}

/** Low end of the range that is shown. */
export const LOW_SHARE = 0.15;
/** Work of one estimate: runs times jobs, so that a long queue costs no more than a short one. */
const WORK = 12_000;

/**
 * Plays the queue forward many times with chance run times and reads off when each job starts. Deterministic.
 * @param runs how often; by default 24 to 200, fewer the longer the queue.
 * @returns undefined when no worker takes jobs.
 */
export function simulateQueue(
  now: QueueNow,
  { seed = 1, runs = runsFor(now.waiting.length) }: { seed?: number; runs?: number } = {},
): Simulation | undefined {
  if (!now.workers.some(({ takes }) => takes)) return undefined;
  const table = createJobTable(now);
  const play = createPlay(now, table, createChance(seed));
  const count = table.waiting;
  /** Starts of each job one after the other, the new job last. */
  const starts = new Float64Array((count + 1) * runs);
  for (let run = 0; run < runs; run += 1) play(starts, run, runs);
  const ranges = Array.from({ length: count + 1 }, (_, at) =>
    rangeOf(starts.subarray(at * runs, (at + 1) * runs)),
  );
  const newJob = ranges.pop();
  return newJob && { jobs: ranges, newJob };
}

const runsFor = (waiting: number): number => Math.max(24, Math.min(200, Math.floor(WORK / (waiting + 1))));

function rangeOf(starts: Float64Array): StartRange {
  starts.sort();
  return {
    low: quantileOf(starts, LOW_SHARE),
    p50: quantileOf(starts, 0.5),
    p90: quantileOf(starts, 0.9),
  };
}
