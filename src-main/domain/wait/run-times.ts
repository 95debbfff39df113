import { GUESSED_CONTENTION, GUESSED_LOAD_MS, guessRun } from './guesses.ts';
import { deviationAround, medianOf, update } from './robust.ts';
import type { RunInContext } from './run-log.ts';

/** How long a job runs on a worker of usual speed that has the GPU to itself. */
export interface RunEstimate {
  /** Median with the models loaded, ms. */
  medianMs: number;
  /** Standard deviation of the logarithm from run to run. */
  spread: number;
  /** Standard deviation of the logarithm of the median itself: how little is known. Shared by all jobs of `group`. */
  doubt: number;
  group: string;
  /** Added when another kind's models were loaded before, ms. */
  loadMs: number;
  /** Share of runs that end early: failed, or cancelled on the way. */
  cutShare: number;
  /** Too few runs of this kind were seen: the figures are the guide's for the most part. */
  guess: boolean;
  /** The same of `loadMs`. */
  loadGuess: boolean;
}

/** Run times as learned so far. */
export interface RunTimes {
  of(job: { kind: string; signature: string }): RunEstimate;
  /** Factor on durations of a worker; 1 when it is not known to differ. */
  slownessOf(workerId: string): number;
  /** Factor on durations while so many jobs share a GPU. */
  crowding(together: number): number;
  /** Shares of their expected length after which runs ended that ended early; never empty. */
  readonly cuts: readonly number[];
}

/** Runs of one signature that count: the latest. */
const LATEST = 60;
/** How far workflows of one kind differ from each other in the logarithm, before it was seen. */
const AMONG_SIGNATURES = 0.5;
/** How far run times scatter around their median in the logarithm, before it was seen. */
const SCATTER = 0.2;
/** How far a workshop may be faster or slower than the guide, and its kinds differ in that, in the logarithm. */
const PACE_DOUBT = 0.7;
const PACE_SCATTER = 0.6;
const PASSES = 4;
/** Fewer runs, or loads, than this leave a figure a guess. */
const SEEN = 3;

interface Learning {
  /** Logarithm of the warm median of each signature, without crowding and slowness. */
  base: Map<string, number>;
  loadOf: Map<string, number>;
  load: number;
  /** How many loads `load` rests on. */
  loads: number;
  slowness: Map<string, number>;
  contention: number;
}

/**
 * Learns run times of kinds of workflow, workers and loads from the runs seen. Medians, drawn towards the broader
 * group (signature → kind → the guide) the fewer runs there are.
 * @param runs oldest first.
 */
export function learnRunTimes(runs: readonly RunInContext[]): RunTimes {
  const ended = runs.filter((run) => run.whole);
  const whole = latestOfEach(ended);
  const learning: Learning = {
    base: new Map(),
    loadOf: new Map(),
    load: GUESSED_LOAD_MS,
    loads: 0,
    slowness: new Map(),
    contention: GUESSED_CONTENTION,
  };
  const bySignature = Map.groupBy(whole, (run) => run.signature);
  const byKind = Map.groupBy(whole, (run) => run.kind);
  for (let pass = 0; pass < PASSES; pass += 1) {
    learnBases(bySignature, learning, pass);
    learnLoads(byKind, learning);
    // How sharing slows down is seen best where the number of workers changed, which may be long ago.
    learnContention(ended, learning);
    learnSlowness(whole, learning);
  }
  return tell(runs, bySignature, byKind, learning);
}

function latestOfEach(runs: readonly RunInContext[]): RunInContext[] {
  const counts = new Map<string, number>();
  const kept: RunInContext[] = [];
  for (let at = runs.length - 1; at >= 0; at -= 1) {
    const run = runs[at];
    if (!run) continue;
    const count = counts.get(run.signature) ?? 0;
    counts.set(run.signature, count + 1);
    if (count < LATEST) kept.push(run);
  }
  return kept.reverse();
}

/** Everything but the signature's own part, as a factor. */
const aroundOf = (run: RunInContext, { contention, slowness }: Learning): number =>
  run.together ** contention * (slowness.get(run.workerId) ?? 1);

const loadOf = (kind: string, { loadOf: known, load }: Learning): number => known.get(kind) ?? load;

/** Logarithm of the run as it would have been warm, alone, on a usual worker. */
function bare(run: RunInContext, learning: Learning): number {
  const alone = run.ms / aroundOf(run, learning);
  const load = run.cold ? loadOf(run.kind, learning) : 0;
  // Of what is nearly all loading, only the magnitude can be told.
  return Math.log(Math.max(alone - load, alone * 0.15));
}

function learnBases(bySignature: Map<string, RunInContext[]>, learning: Learning, pass: number): void {
  for (const [signature, runs] of bySignature) {
    // What is known to be warm tells the most; the first pass knows no loads yet.
    const warm = runs.filter((run) => run.cold === false);
    const used = warm.length >= 3 || (pass === 0 && warm.length > 0) ? warm : runs;
    learning.base.set(signature, medianOf(used.map((run) => bare(run, learning))));
  }
}

function learnLoads(byKind: Map<string, RunInContext[]>, learning: Learning): void {
  const extras: number[] = [];
  const ofKind = new Map<string, number[]>();
  for (const [kind, runs] of byKind)
    for (const run of runs) {
      const base = learning.base.get(run.signature);
      if (!run.cold || base === undefined) continue;
      const extra = Math.max(0, run.ms / aroundOf(run, learning) - Math.exp(base));
      extras.push(extra);
      const known = ofKind.get(kind);
      if (known) known.push(extra);
      else ofKind.set(kind, [extra]);
    }
  const n = extras.length;
  learning.loads = n;
  learning.load = n === 0 ? GUESSED_LOAD_MS : (medianOf(extras) * n + GUESSED_LOAD_MS * 0.25) / (n + 0.25);
  learning.loadOf = new Map(
    [...ofKind].map(([kind, seen]) => [
      kind,
      (medianOf(seen) * seen.length + learning.load) / (seen.length + 1),
    ]),
  );
}

/** Slope of the logarithm of the run time over that of the number of jobs at once, drawn towards the guess. */
function learnContention(runs: readonly RunInContext[], learning: Learning): void {
  let cross = 0;
  let square = 0;
  const sums = new Map<string, { x: number; y: number; n: number }>();
  const points: { signature: string; x: number; y: number }[] = [];
  for (const run of runs) {
    if (run.cold) continue;
    const x = Math.log(run.together);
    const y = Math.log(run.ms / (learning.slowness.get(run.workerId) ?? 1));
    points.push({ signature: run.signature, x, y });
    const sum = sums.get(run.signature) ?? { x: 0, y: 0, n: 0 };
    sum.x += x;
    sum.y += y;
    sum.n += 1;
    sums.set(run.signature, sum);
  }
  for (const { signature, x, y } of points) {
    const sum = sums.get(signature);
    if (!sum || sum.n < 3) continue;
    const dx = x - sum.x / sum.n;
    // A run that took thrice its usual time says nothing about sharing.
    const dy = Math.max(-1, Math.min(1, y - sum.y / sum.n));
    cross += dx * dy;
    square += dx * dx;
  }
  const weight = 0.3;
  const slope = (cross + GUESSED_CONTENTION * weight) / (square + weight);
  learning.contention = Math.max(0, Math.min(1.2, slope));
}

function learnSlowness(runs: readonly RunInContext[], learning: Learning): void {
  const residuals = new Map<string, number[]>();
  for (const run of runs) {
    const base = learning.base.get(run.signature);
    if (base === undefined || run.cold) continue;
    const own = learning.slowness.get(run.workerId) ?? 1;
    const residual = bare(run, learning) + Math.log(own) - base;
    const known = residuals.get(run.workerId);
    if (known) known.push(residual);
    else residuals.set(run.workerId, [residual]);
  }
  if (residuals.size < 2) return;
  for (const [workerId, seen] of residuals)
    learning.slowness.set(workerId, Math.exp((medianOf(seen) * seen.length) / (seen.length + 12)));
}

function tell(
  all: readonly RunInContext[],
  bySignature: Map<string, RunInContext[]>,
  byKind: Map<string, RunInContext[]>,
  learning: Learning,
): RunTimes {
  const spreads = new Map<string, number>();
  const residuals: number[] = [];
  for (const [signature, runs] of bySignature) {
    const base = learning.base.get(signature) ?? 0;
    const off = runs.map((run) => bare(run, learning) - base);
    spreads.set(signature, deviationAround(off, 0));
    if (runs.length >= 3) residuals.push(...off);
  }
  const scatter = blend(deviationAround(residuals, 0), residuals.length, SCATTER, 8);
  const spreadOf = (signature: string) =>
    blend(spreads.get(signature) ?? 0, bySignature.get(signature)?.length ?? 0, scatter, 8);
  const kinds = new Map([...byKind].map(([kind, runs]) => [kind, kindOf(kind, runs, learning)]));
  const pace = paceOf(byKind, learning);
  const cut = cutsOf(all, learning);
  const known = new Map<string, RunEstimate>();

  const estimate = (kind: string, signature: string): RunEstimate => {
    const ofKind = kinds.get(kind) ?? fromGuide(kind, pace);
    const own = bySignature.get(signature) ?? [];
    const spread = spreadOf(signature);
    const prior = { mean: ofKind.mean, doubt: Math.hypot(ofKind.doubt, ofKind.among) };
    const base = learning.base.get(signature) ?? 0;
    const { mean, doubt } = update(prior, { mean: base, scatter: spread, count: own.length });
    return {
      medianMs: Math.exp(mean),
      spread,
      doubt,
      group: own.length > 0 ? signature : kind,
      loadMs: loadOf(kind, learning),
      cutShare: cut.shareOf(kind),
      guess: (byKind.get(kind)?.length ?? 0) < SEEN,
      loadGuess: learning.loads < SEEN,
    };
  };

  return {
    of({ kind, signature }) {
      const key = `${kind}\n${signature}`;
      const told = known.get(key) ?? estimate(kind, signature);
      known.set(key, told);
      return told;
    },
    slownessOf: (workerId) => learning.slowness.get(workerId) ?? 1,
    crowding: (together) => Math.max(1, together) ** learning.contention,
    cuts: cut.ratios,
  };
}

interface KindEstimate {
  mean: number;
  doubt: number;
  /** How far signatures of this kind differ. */
  among: number;
}

/** @param pace logarithm of the factor by which this workshop differs from the guide, 0 while nothing was seen. */
function fromGuide(kind: string, pace = 0): KindEstimate {
  const { medianMs, spread } = guessRun(kind);
  return { mean: Math.log(medianMs) + pace, doubt: spread, among: 0 };
}

/** What the kinds that were seen tell of those that were not: another card, other settings, a demo in fast motion. */
function paceOf(byKind: Map<string, RunInContext[]>, learning: Learning): number {
  const off = [...byKind].map(
    ([kind, runs]) => medianOf(runs.map((run) => bare(run, learning))) - fromGuide(kind).mean,
  );
  if (off.length === 0) return 0;
  const prior = { mean: 0, doubt: PACE_DOUBT };
  return update(prior, { mean: medianOf(off), scatter: PACE_SCATTER, count: off.length }).mean;
}

function kindOf(kind: string, runs: readonly RunInContext[], learning: Learning): KindEstimate {
  const bases = [...new Set(runs.map((run) => run.signature))].map((each) => learning.base.get(each) ?? 0);
  const values = runs.map((run) => bare(run, learning));
  const centre = medianOf(values);
  const among = blend(deviationAround(bases, centre), bases.length - 1, AMONG_SIGNATURES, 2);
  const guide = fromGuide(kind);
  return {
    // Ten runs of one workflow tell of that workflow, not ten times of the kind.
    ...update(guide, {
      mean: centre,
      scatter: Math.max(among, SCATTER),
      count: Math.min(runs.length, bases.length * 3),
    }),
    among,
  };
}

/** How often and when runs end early. */
function cutsOf(runs: readonly RunInContext[], learning: Learning) {
  const counts = new Map<string, { all: number; cut: number }>();
  let cuts = 0;
  const ratios: number[] = [];
  for (const run of runs) {
    const count = counts.get(run.kind) ?? { all: 0, cut: 0 };
    count.all += 1;
    counts.set(run.kind, count);
    if (run.whole) continue;
    count.cut += 1;
    cuts += 1;
    const base = learning.base.get(run.signature);
    if (base !== undefined) ratios.push(Math.min(1, run.ms / aroundOf(run, learning) / Math.exp(base)));
  }
  const overall = blend(runs.length === 0 ? 0 : cuts / runs.length, runs.length, 0.05, 20);
  return {
    ratios: ratios.length >= 5 ? ratios.slice(-100) : [...ratios, 0.05, 0.3, 0.7],
    shareOf(kind: string): number {
      const { all, cut } = counts.get(kind) ?? { all: 0, cut: 0 };
      return blend(all === 0 ? 0 : cut / all, all, overall, 20);
    },
  };
}

/** `seen` from `count` values, drawn towards `before` as if that rested on `worth` values. */
function blend(seen: number, count: number, before: number, worth: number): number {
  const n = Math.max(0, count);
  return n === 0 ? before : (seen * n + before * worth) / (n + worth);
}
