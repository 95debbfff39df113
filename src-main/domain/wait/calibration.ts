import type { StartRange } from './queue-model.ts';
import { quantileOf } from './robust.ts';
import { LOW_SHARE } from './simulate-queue.ts';

/**
 * Widens ranges by how far reality has strayed from them: the simulation knows chance in run times, not what a host
 * and twenty people will do. Learned from promises that came due, so that the range of a new one holds as often as it
 * says.
 */
export interface Calibration {
  /** Takes in a promise as the simulation made it, and what came true, ms. */
  learn(simulated: StartRange, waitedMs: number): void;
  /** The range to tell. The middle stays. */
  widen(simulated: StartRange): StartRange;
  clear(): void;
}

/** Few enough to follow a day that changes: promises of two hours ago were made for other workers and other crowds. */
const LATEST = 100;
/**
 * Believed before anything came due, as if it rested on PRIOR_COUNT promises. Waits grow by what nobody could know (a
 * worker goes, an instructor comes) more than they shrink, and those that are still open are the long ones, which the
 * promises that came due do not show yet. Chosen on seeds 1 to 8 of test/support/workshop-day.ts, held on 9 to 13.
 */
const PRIOR = { up: 2, down: 1.5 };
const PRIOR_COUNT = 60;
const MOST = 4;
/** Waits of seconds differ by chance alone; this much is added before they are compared, ms. */
const MOMENT = 5000;
/** A simulated range is never narrower than this in logarithms when it is compared. */
const NARROWEST = 0.05;

export function createCalibration(): Calibration {
  /** How far off, in half-widths of the simulated range: upwards and downwards. */
  let up: number[] = [];
  let down: number[] = [];
  let factor = PRIOR;

  return {
    learn({ low, p50, p90 }, waitedMs) {
      if (waitedMs < MOMENT && p50 < MOMENT) return;
      const off = ratio(waitedMs, p50);
      up = [...up, off / Math.max(NARROWEST, ratio(p90, p50))].slice(-LATEST);
      down = [...down, -off / Math.max(NARROWEST, ratio(p50, low))].slice(-LATEST);
      factor = { up: factorOf(up, 0.9, PRIOR.up), down: factorOf(down, 1 - LOW_SHARE, PRIOR.down) };
    },
    widen({ low, p50, p90 }) {
      const more = Math.max(NARROWEST, ratio(p90, p50)) * factor.up;
      const less = Math.max(NARROWEST, ratio(p50, low)) * factor.down;
      // Where it starts at once in any case there is nothing to widen.
      if (p90 <= 0) return { low, p50, p90 };
      return {
        low: Math.max(0, (p50 + MOMENT) * Math.exp(-less) - MOMENT),
        p50,
        p90: (p50 + MOMENT) * Math.exp(more) - MOMENT,
      };
    },
    clear() {
      up = [];
      down = [];
      factor = PRIOR;
    },
  };
}

const ratio = (a: number, b: number): number => Math.log((a + MOMENT) / (b + MOMENT));

function factorOf(seen: readonly number[], share: number, prior: number): number {
  const told = quantileOf(Float64Array.from(seen).sort(), share);
  const blended = (told * seen.length + prior * PRIOR_COUNT) / (seen.length + PRIOR_COUNT);
  return Math.max(0.7, Math.min(MOST, blended));
}
