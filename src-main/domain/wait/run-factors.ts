import { GUESSED_CONTENTION, GUESSED_LOAD_MS } from './guesses.ts';
import { medianOf } from './robust.ts';
import type { RunInContext } from './run-log.ts';

/** Runs of one signature that count: the latest. */
const LATEST = 60;
const PASSES = 4;

/** What a run time is made of, as learned from the runs seen. */
export interface Learning {
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
 * Takes the runs seen apart into what each signature, load, worker and sharing a GPU contributes.
 * @param runs oldest first.
 */
export function learnFactors(runs: readonly RunInContext[]) {
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
  return { bySignature, byKind, learning };
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
export const aroundOf = (run: RunInContext, { contention, slowness }: Learning): number =>
  run.together ** contention * (slowness.get(run.workerId) ?? 1);

export const loadOf = (kind: string, { loadOf: known, load }: Learning): number => known.get(kind) ?? load;

/** Logarithm of the run as it would have been warm, alone, on a usual worker. */
export function bare(run: RunInContext, learning: Learning): number {
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
