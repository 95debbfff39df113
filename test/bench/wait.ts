/**
 * How good the wait estimates are: recorded-style days, replayed event by event through what main runs. Beside each
 * figure, from the same moments, plain "jobs ahead × mean run time ÷ workers". Judged are the jobs that waited half a
 * minute or more: below that there is nothing to divide by.
 *
 * wait.coverage is the range that people read, p15 to p90: true to its name it holds 75 % of the jobs. From p50 to p90
 * alone it would be 40 %, since half of them start before the middle; that one and both ends stand beside it. Estimates
 * that are told as guesses count like all others here, unlike in the figure of the day that the console shows.
 */
import { createWaitEstimator } from '../../src-main/domain/wait/wait-estimator.ts';
import type { WorkshopSnapshot } from '../../src-main/domain/workshop.ts';
import { type BenchRow, isShort, quantile } from '../support/bench-rig.ts';
import { simulationTimes } from '../support/long-queue.ts';
import { workshopDay } from '../support/workshop-day.ts';

const SEEDS = isShort ? [1] : [1, 2, 3];
const SHORTEST_MS = 30_000;

interface Judged {
  waitedMs: number;
  low: number;
  p50: number;
  p90: number;
  plain: number;
}

export async function bench(report: (row: BenchRow) => void): Promise<void> {
  const judged = SEEDS.flatMap(replay);
  const n = judged.length;
  const error = (of: (each: Judged) => number) =>
    quantile(
      judged.map((each) => Math.abs(of(each) - each.waitedMs) / each.waitedMs),
      0.5,
    );
  const share = (holds: (each: Judged) => boolean) => judged.filter(holds).length / n;
  report({
    name: 'wait.error.median',
    value: error(({ p50 }) => p50),
    unit: 'of wait',
    n,
    peer: { name: 'jobs ahead × mean time ÷ workers', value: error(({ plain }) => plain) },
  });
  report({
    name: 'wait.coverage',
    value: share(({ waitedMs, low, p90 }) => waitedMs >= low && waitedMs <= p90),
    unit: 'of jobs',
    n,
  });
  report({
    name: 'wait.coverage.p50-p90',
    value: share(({ waitedMs, p50, p90 }) => waitedMs >= p50 && waitedMs <= p90),
    unit: 'of jobs',
    n,
  });
  report({ name: 'wait.coverage.below-p50', value: share((e) => e.waitedMs <= e.p50), unit: 'of jobs', n });
  report({ name: 'wait.coverage.below-p90', value: share((e) => e.waitedMs <= e.p90), unit: 'of jobs', n });
  const times = simulationTimes(isShort ? 20 : 200);
  report({ name: 'wait.simulate.ms', value: quantile(times, 0.5), unit: 'ms', n: times.length });
  report({ name: 'wait.simulate.p95', value: quantile(times, 0.95), unit: 'ms', n: times.length });
}

function replay(seed: number): Judged[] {
  const estimator = createWaitEstimator();
  const judged: Judged[] = [];
  const plain = new Map<string, number>();
  estimator.onKept = (jobId, { promised, waitedMs }) => {
    const peer = plain.get(jobId);
    if (peer === undefined || waitedMs < SHORTEST_MS) return;
    judged.push({ ...promised, waitedMs, plain: peer });
  };
  workshopDay(seed)((snapshot, now) => {
    notePlain(plain, snapshot);
    estimator.look(snapshot, now);
  });
  return judged;
}

/** What the plain estimate says of jobs that are seen waiting for the first time. */
function notePlain(plain: Map<string, number>, { jobs, hosts }: WorkshopSnapshot): void {
  const all = Object.values(jobs);
  const fresh = all.filter(({ id, queue }) => queue === 'pending' && !plain.has(id));
  if (fresh.length === 0) return;
  const runs = all.flatMap(
    ({ startedAt, completedAt, computed: [from, until] = [startedAt, completedAt] }) =>
      from === null || until === null ? [] : [until - from],
  );
  if (runs.length === 0) return;
  const mean = runs.reduce((sum, ms) => sum + ms, 0) / runs.length;
  const workers = Object.values(hosts).flatMap(({ status }) => status?.workers ?? []);
  const up = workers.filter(({ state }) => state.kind === 'idle' || state.kind === 'busy').length;
  const order = all
    .filter(({ queue }) => queue === 'pending')
    .sort((a, b) => (a.score ?? 0) - (b.score ?? 0));
  for (const job of fresh) plain.set(job.id, ((order.indexOf(job) + 1) * mean) / Math.max(1, up));
}
