/**
 * What is believed before anything was seen: the throughput table of the GPU deployment guide ("Expected throughput",
 * "Model Loading Strategy"). Every figure that rests on these alone is shown as a guess.
 */

/** A duration as a guess: its median in ms and the standard deviation of its logarithm. */
export interface Guess {
  medianMs: number;
  spread: number;
}

/** Half the width of the guide's ranges in logarithms, read as 10th to 90th percentile, is 1.28 deviations. */
const P90 = 1.2816;
/** The guide's cards, models and settings are not this workshop's. */
const WIDER = 1.5;

const between = (lowSeconds: number, highSeconds: number): Guess => ({
  medianMs: Math.sqrt(lowSeconds * highSeconds) * 1000,
  spread: (Math.log(highSeconds / lowSeconds) / 2 / P90) * WIDER,
});

/** By a piece of the kind's name (contract/workflow-kind.ts), most specific first. */
const TABLE: readonly [RegExp, Guess][] = [
  [/video|wan|mochi|ltx|hunyuan|skyreels/i, between(120, 300)],
  [/upscale/i, between(5, 30)],
  [/z-image/i, between(5, 10)],
  [/flux/i, between(15, 30)],
  [/juggernaut|sdxl/i, between(10, 15)],
  [/image/i, between(5, 30)],
];
const ANYTHING = between(5, 300);

/** Guessed run time of a kind of workflow on a worker that has its models loaded. */
export function guessRun(kind: string): Guess {
  return TABLE.find(([pattern]) => pattern.test(kind))?.[1] ?? ANYTHING;
}

/** Guessed time that loading another kind's models adds: the guide's 2 minutes for a model, its shortest. */
export const GUESSED_LOAD_MS = 120_000;
/** Guessed time from starting a worker to ready. */
export const GUESSED_START_MS = 90_000;
/** Guessed loss of speed: with c jobs at once on one GPU each takes c to this power as long. */
export const GUESSED_CONTENTION = 0.5;
