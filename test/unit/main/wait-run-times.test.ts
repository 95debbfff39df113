import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRunLog } from '../../../src-main/domain/wait/run-log.ts';
import { learnRunTimes } from '../../../src-main/domain/wait/run-times.ts';
import type { JobSummary } from '../../../src-main/domain/workshop.ts';
import { job } from './job-summary.ts';

const SECOND = 1000;
let serial = 0;

/** A job that ran from a moment for so long, both in seconds. */
function ran(from: number, seconds: number, change: Partial<JobSummary> = {}): JobSummary {
  serial += 1;
  return job(`r${serial}`, {
    status: 'completed',
    queue: 'completed',
    createdAt: (from - 600) * SECOND,
    startedAt: from * SECOND,
    completedAt: (from + seconds) * SECOND,
    workerId: 'worker-1',
    kind: 'flux2 image',
    ...change,
  });
}

function learn(jobs: readonly JobSummary[], disregarded: readonly string[] = []) {
  const log = createRunLog();
  for (const id of disregarded) log.disregard(id);
  for (const each of jobs) log.take(each, 'h100');
  return { log, times: learnRunTimes(log.runs()) };
}

/** One after the other on one worker. */
function inTurn(lengths: readonly number[], change: Partial<JobSummary> = {}): JobSummary[] {
  let from = 1000;
  return lengths.map((seconds) => {
    const run = ran(from, seconds, change);
    from += seconds + 1;
    return run;
  });
}

const flux = { kind: 'flux2 image', signature: 'flux2 image' };

describe('what was never seen', () => {
  test('is a guess from the guide, and says so', () => {
    const { times } = learn([]);
    const image = times.of(flux);
    const video = times.of({ kind: 'wan2.2 text to video', signature: 'x' });
    expect(image.guess && video.guess).toBe(true);
    expect(image.medianMs).toBeGreaterThan(15 * SECOND);
    expect(image.medianMs).toBeLessThan(30 * SECOND);
    expect(video.medianMs).toBeGreaterThan(120 * SECOND);
    expect(video.medianMs).toBeLessThan(300 * SECOND);
    expect(image.doubt).toBeGreaterThan(0.2);
  });

  test('is guessed shorter where all that was seen runs faster than the guide says, as in a demo in fast motion', () => {
    const guide = learn([]).times.of({ kind: 'mochi text to video', signature: 'm' }).medianMs;
    const fast = ['flux2 image', 'sdxl image', 'z-image image'].flatMap((kind) =>
      inTurn([1, 1, 1, 1], { kind, signature: kind }),
    );
    const told = learn(fast).times.of({ kind: 'mochi text to video', signature: 'm' });
    expect(told.guess).toBe(true);
    expect(told.medianMs).toBeLessThan(guide / 3);
  });

  test('stays a guess, and so do loads, until a few were seen', () => {
    const learnedFrom = (runs: number) =>
      learn(inTurn(Array.from({ length: runs }, () => 40))).times.of(flux);
    expect([1, 2, 3].map((runs) => learnedFrom(runs).guess)).toEqual([true, true, false]);
    // Nothing tells a load while one kind runs alone.
    expect(learnedFrom(20).loadGuess).toBe(true);
    const kinds = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'];
    let from = 1000;
    const mixed = kinds.map((kind) => {
      from += 100;
      return ran(from, 40, { kind });
    });
    expect(learn(mixed).times.of({ kind: 'a', signature: 'a' }).loadGuess).toBe(false);
  });

  test('stays a guess when only other kinds were seen; a new size of a known kind is none', () => {
    const { times } = learn(inTurn(Array.from({ length: 20 }, () => 40)));
    expect(times.of({ kind: 'mochi text to video', signature: 'm' }).guess).toBe(true);
    const otherSize = times.of({ kind: 'flux2 image', signature: 'larger' });
    expect(otherSize.guess).toBe(false);
    expect(otherSize.doubt).toBeGreaterThan(times.of(flux).doubt * 3);
    expect(otherSize.medianMs).toBeGreaterThan(30 * SECOND);
  });
});

describe('what was seen', () => {
  test('the first runs draw from the guess to the truth, later ones arrive there', () => {
    const from = (runs: number) => learn(inTurn(Array.from({ length: runs }, () => 60))).times.of(flux);
    expect(from(1).medianMs).toBeGreaterThan(30 * SECOND);
    expect(from(12).medianMs / SECOND).toBeCloseTo(60, -0.5);
    expect(from(12).doubt).toBeLessThan(from(1).doubt);
  });

  test('time spent waiting never counts as running', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000_000 }), { minLength: 10, maxLength: 10 }),
        (waits) => {
          const runs = inTurn(waits.map(() => 30));
          const waited = runs.map((run, at) => ({
            ...run,
            createdAt: (run.startedAt ?? 0) - (waits[at] ?? 0),
          }));
          expect(learn(waited).times.of(flux)).toEqual(learn(runs).times.of(flux));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('nor does time that a worker waited for GPU memory', () => {
    const runs = inTurn([30, 30, 30, 30, 30, 900, 900, 900, 900, 900, 900, 900]);
    const long = runs.slice(5).map(({ id }) => id);
    expect(learn(runs, long).times.of(flux).medianMs).toBeLessThan(40 * SECOND);
  });

  test('nor does time to bring files away: told by the agent, else bounded by the next start on the worker', () => {
    const told = inTurn([20, 20, 20, 20]).map((run) => ({
      ...run,
      computed: [run.startedAt ?? 0, (run.completedAt ?? 0) - 12 * SECOND] as [number, number],
    }));
    expect(learn(told).times.of(flux).medianMs).toBeCloseTo(
      learn(inTurn([8, 8, 8, 8])).times.of(flux).medianMs,
      -3,
    );
    const late = inTurn([8, 8, 8, 8]).map((run) => ({
      ...run,
      completedAt: (run.completedAt ?? 0) + 30 * SECOND,
    }));
    const runs = learn(late).log.runs();
    expect(runs.slice(0, -1).map(({ ms }) => ms)).toEqual([9, 9, 9].map((each) => each * SECOND));
    expect(runs.every(({ together }) => together === 1)).toBe(true);
  });

  test('single odd runs and runs that ended early do not move it', () => {
    const usual = Array.from({ length: 15 }, () => 30);
    const odd = inTurn([...usual, 400, 2, 30]);
    const failed = inTurn(Array.from({ length: 10 }, () => 1)).map((run) => ({
      ...run,
      status: 'failed' as const,
      startedAt: (run.startedAt ?? 0) + 1e6,
      completedAt: (run.completedAt ?? 0) + 1e6,
    }));
    const { times } = learn([...odd, ...failed]);
    expect(times.of(flux).medianMs / SECOND).toBeGreaterThan(27);
    expect(times.of(flux).medianMs / SECOND).toBeLessThan(33);
    expect(times.of(flux).cutShare).toBeGreaterThan(0.2);
  });

  test('loading another kind is told apart from computing', () => {
    const video = { kind: 'wan2.2 text to video' };
    const jobs: JobSummary[] = [];
    let from = 1000;
    // Pairs: the first of each loads for 40 s.
    for (let pair = 0; pair < 12; pair += 1)
      for (const [seconds, change] of [
        [70, {}],
        [30, {}],
        [140, video],
        [100, video],
      ] as const) {
        jobs.push(ran(from, seconds, change));
        from += seconds + 1;
      }
    const { times } = learn(jobs);
    const image = times.of(flux);
    expect(image.medianMs / SECOND).toBeGreaterThan(26);
    expect(image.medianMs / SECOND).toBeLessThan(34);
    expect(image.loadMs / SECOND).toBeGreaterThan(33);
    expect(image.loadMs / SECOND).toBeLessThan(55);
    expect(times.of({ ...video, signature: video.kind }).medianMs / SECOND).toBeGreaterThan(90);
    expect(times.of({ ...video, signature: video.kind }).medianMs / SECOND).toBeLessThan(110);
  });

  test('a slower worker is known as slower', () => {
    const quick = inTurn(Array.from({ length: 30 }, () => 30));
    const slow = inTurn(
      Array.from({ length: 30 }, () => 60),
      { workerId: 'worker-2' },
    ).map((run) => ({
      ...run,
      startedAt: (run.startedAt ?? 0) + 1e7,
      completedAt: (run.completedAt ?? 0) + 1e7,
    }));
    const { times } = learn([...quick, ...slow]);
    expect(times.slownessOf('h100/worker-2') / times.slownessOf('h100/worker-1')).toBeGreaterThan(1.5);
    expect(times.slownessOf('h100/worker-9')).toBe(1);
  });

  test('jobs that share a GPU are seen to slow each other down', () => {
    const alone = inTurn(Array.from({ length: 30 }, () => 30));
    const shared = ['worker-1', 'worker-2'].flatMap((workerId) =>
      inTurn(
        Array.from({ length: 30 }, () => 60),
        { workerId },
      ).map((run) => ({
        ...run,
        startedAt: (run.startedAt ?? 0) + 1e7,
        completedAt: (run.completedAt ?? 0) + 1e7,
      })),
    );
    const { times } = learn([...alone, ...shared]);
    expect(times.crowding(2)).toBeGreaterThan(1.7);
    expect(times.crowding(1)).toBe(1);
    expect(times.of(flux).medianMs / SECOND).toBeLessThan(36);
  });
});

test('the log takes each run once and stays bounded', () => {
  const log = createRunLog();
  const run = ran(1000, 30);
  expect(log.take(run, 'h100')).toBe(true);
  expect(log.take(run, 'h100')).toBe(false);
  expect(log.take(job('w'), 'h100')).toBe(false);
  expect(log.take(ran(1000, -5), 'h100')).toBe(false);
  for (let at = 0; at < 3000; at += 1) log.take(ran(2000 + at * 10, 5), 'h100');
  expect(log.runs().length).toBeLessThanOrEqual(1800);
  expect(log.take(run, 'h100')).toBe(false);
  expect(log.lastKindOn('h100/worker-1')).toBe('flux2 image');
  expect(log.lastKindOn('h100/worker-2')).toBeUndefined();
});
