import { guessRun } from './guesses.ts';
import { deviationAround, medianOf, update } from './robust.ts';
import { aroundOf, bare, type Learning, learnFactors, loadOf } from './run-factors.ts';
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

/** How far workflows of one kind differ from each other in the logarithm, before it was seen. */
const AMONG_SIGNATURES = 0.5;
/** How far run times scatter around their median in the logarithm, before it was seen. */
const SCATTER = 0.2;
/** How far a workshop may be faster or slower than the guide, and its kinds differ in that, in the logarithm. */
const PACE_DOUBT = 0.7;
const PACE_SCATTER = 0.6;
/** Fewer runs, or loads, than this leave a figure a guess. */
const SEEN = 3;

/**
 * Learns run times of kinds of workflow, workers and loads from the runs seen. Medians, drawn towards the broader
 * group (signature → kind → the guide) the fewer runs there are.
 * @param runs oldest first.
 */
export function learnRunTimes(runs: readonly RunInContext[]): RunTimes {
  const { bySignature, byKind, learning } = learnFactors(runs);
  return tell(runs, bySignature, byKind, learning);
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
