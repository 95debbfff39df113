import { describe, expect, test } from 'vitest';
import { createLiveModel } from '../../../src-main/domain/live-model.ts';
import { createCalibration } from '../../../src-main/domain/wait/calibration.ts';
import { createEstimateRecord } from '../../../src-main/domain/wait/estimate-record.ts';
import { isNoNews } from '../../../src-main/domain/wait/news.ts';
import { createWaitEstimator } from '../../../src-main/domain/wait/wait-estimator.ts';
import type { Estimates } from '../../../src-main/domain/wait/waits.ts';
import type { JobSummary, WorkshopSnapshot } from '../../../src-main/domain/workshop.ts';
import type { WorkerState } from '../../../worker-agent/src/contract/host.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { hostStatus } from './host-status.ts';
import { job } from './job-summary.ts';

const NOW = new Date(2026, 10, 23, 14, 0, 0).getTime();
/** Redis is a minute ahead of this laptop. */
const OFFSET = 60_000;
const MINUTE = 60_000;

const control = {
  ...{ protocol: PROTOCOL_VERSION, revision: 1, at: NOW, by: 'host', held: false, mode: null },
  ...{ heldUsers: [] as string[], nextTurn: null },
};
const busyJob = (jobId: string, ranMs: number) => ({
  ...{ jobId, userId: 'user009', kind: 'sdxl image', attempt: 1, phase: 'running' as const },
  startedAt: NOW + OFFSET - ranMs,
});
const busyWith = (jobId: string, ranMs: number): WorkerState => ({
  kind: 'busy',
  since: NOW + OFFSET - ranMs,
  job: busyJob(jobId, ranMs),
});

function workshop(
  jobs: readonly JobSummary[],
  states: readonly WorkerState[] = [busyWith('r', 2000)],
  change: Partial<WorkshopSnapshot> = {},
): WorkshopSnapshot {
  const model = createLiveModel();
  model.rename('one', 'r:1');
  const status = hostStatus({ at: NOW + OFFSET });
  status.workers = hostStatus(
    {},
    states.map((_, at) => `worker-${at + 1}`),
  ).workers.map((worker, at) => ({ ...worker, completed: 3, state: states[at] ?? worker.state }));
  const counts = { pending: jobs.length, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
  model.observe({ kind: 'link', link: { kind: 'ready', since: 1, rttMs: 1 } });
  model.observe({ kind: 'queue', at: NOW, clockOffsetMs: OFFSET, counts });
  model.observe({ kind: 'control', control });
  model.observe({ kind: 'host-status', hostId: 'h100', status, heardAt: NOW });
  model.observe({ kind: 'some-jobs', found: [...jobs], gone: [] });
  return { ...model.snapshot(), ...change };
}

const waiting = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    job(`w${at}`, { score: at, userId: `user00${at}`, createdAt: NOW + OFFSET - 1000 }),
  );
const look = (snapshot: WorkshopSnapshot, now = NOW) => createWaitEstimator().look(snapshot, now);

describe('what is not known is not told', () => {
  test('nothing without a count, a clock or a link', () => {
    expect(look(workshop(waiting(2)))).not.toBeNull();
    expect(look(workshop(waiting(2), [], { counts: null }))).toBeNull();
    expect(look(workshop(waiting(2), [], { clockOffsetMs: null }))).toBeNull();
    const lost = { kind: 'lost' as const, since: 1, code: 'X', why: '', remedy: '', retryAt: null };
    const links = { ...workshop([]).links, redis: lost };
    expect(look(workshop(waiting(2), undefined, { links }))).toBeNull();
  });

  test('no worker that takes jobs, no time', () => {
    for (const states of [
      [],
      [{ kind: 'drained', since: 1 }],
      [{ kind: 'stopping', since: 1 }],
    ] satisfies WorkerState[][])
      expect(look(workshop(waiting(1), states))).toMatchObject({
        newJob: { kind: 'no-worker' },
        byJob: { w0: { kind: 'no-worker' } },
        whatIf: [],
      });
  });

  test('the workers of an agent that has gone quiet do not count', () => {
    expect(look(workshop(waiting(1)), NOW + 20_000)?.newJob).toEqual({ kind: 'no-worker' });
  });

  test('a worker that is wanted drained takes no more, before its agent says so', () => {
    const snapshot = workshop(waiting(1));
    const host = snapshot.hosts.h100;
    if (!host) throw new Error('no host');
    const desired = { protocol: 1, revision: 2, at: 1, by: 'x', workers: 1, drained: ['worker-1'] };
    expect(look({ ...snapshot, hosts: { h100: { ...host, desired } } })?.newJob.kind).toBe('no-worker');
  });
});

describe('holds', () => {
  test('a held queue says so for all', () => {
    const told = look(workshop(waiting(2), undefined, { control: { ...control, held: true } }));
    expect(told?.newJob).toEqual({ kind: 'held', what: 'queue' });
    expect(told?.byJob.w1).toEqual({ kind: 'held', what: 'queue' });
    expect(told?.byUser.user001).toEqual({ kind: 'held', what: 'queue' });
  });

  test('a held user is passed over, and says so', () => {
    const free = look(workshop(waiting(2)));
    const told = look(workshop(waiting(2), undefined, { control: { ...control, heldUsers: ['user000'] } }));
    expect(told?.byJob.w0).toEqual({ kind: 'held', what: 'user' });
    expect(told?.byUser.user000).toEqual({ kind: 'held', what: 'user' });
    // The second now stands where the first stood.
    const [there, here] = [free?.byJob.w0, told?.byJob.w1];
    if (there?.kind !== 'range' || here?.kind !== 'range') throw new Error('no range');
    expect(here.p50 / there.p50).toBeCloseTo(1, 0.5);
  });
});

describe('figures', () => {
  test('at once with an idle worker; a guess until something of the kind has run', () => {
    const idle = look(workshop([], [{ kind: 'idle', since: 1 }]));
    expect(idle?.newJob).toEqual({ kind: 'range', low: 0, p50: 0, p90: 0, guess: false });
    expect(look(workshop(waiting(5)))?.newJob).toMatchObject({ kind: 'range', guess: true });
    const seen = Array.from({ length: 10 }, (_, at) =>
      job(`d${at}`, {
        ...{ status: 'completed', queue: 'completed', workerId: 'worker-1' },
        startedAt: NOW - 600_000 + at * 40_000,
        completedAt: NOW - 600_000 + at * 40_000 + 30_000,
      }),
    );
    const learned = look(workshop([...waiting(5), ...seen]))?.newJob;
    expect(learned).toMatchObject({ kind: 'range', guess: false });
    if (learned?.kind !== 'range') throw new Error('no range');
    expect(learned.p50).toBeGreaterThan(2 * MINUTE);
    expect(learned.p50).toBeLessThan(4 * MINUTE);
  });

  test('at most 600 jobs and 200 users are told, the first to start', () => {
    const many = Array.from({ length: 900 }, (_, at) => job(`w${at}`, { score: at, userId: `u${at}` }));
    const told = look(workshop(many));
    expect(Object.keys(told?.byJob ?? {})).toHaveLength(60);
    expect(told?.byJob.w0).toBeDefined();
    expect(Object.keys(told?.later ?? {})).toHaveLength(540);
    expect(told?.later.w599).toMatchObject({ kind: 'range' });
    expect(told?.later.w899).toBeUndefined();
    expect(Object.keys(told?.byUser ?? {})).toHaveLength(200);
  });

  test('the first minutes are a guess: few runs, loads or starts that nobody has seen yet', () => {
    const ran = (id: string, kind: string, at: number) =>
      job(id, {
        ...{ status: 'completed', queue: 'completed', workerId: 'worker-1', kind },
        startedAt: NOW - 600_000 + at * 40_000,
        completedAt: NOW - 600_000 + at * 40_000 + 30_000,
      });
    const two = [1, 2].map((at) => ran(`a${at}`, 'sdxl image', at));
    const guessOf = (jobs: JobSummary[], state?: WorkerState) =>
      look(workshop(jobs, state && [state]))?.newJob;
    expect(guessOf([...waiting(5), ...two])).toMatchObject({ guess: true });
    const many = Array.from({ length: 10 }, (_, at) => ran(`b${at}`, 'sdxl image', at));
    expect(guessOf([...waiting(5), ...many])).toMatchObject({ guess: false });
    // Its models have never been loaded here.
    const other = [...many, ...[1, 2, 3].map((at) => ran(`c${at}`, 'upscale', -10 - at))];
    const upscale = waiting(1).map((each) => ({ ...each, kind: 'upscale' }));
    expect(guessOf([...upscale, ...other])).toMatchObject({ guess: true });
    const starting: WorkerState = { kind: 'starting', since: NOW + OFFSET, note: '' };
    expect(guessOf([...waiting(1), ...many], starting)).toMatchObject({ guess: true });
  });

  test('a worker whose job is only brought away is free for the next one', () => {
    const delivers: WorkerState = {
      kind: 'busy',
      since: 1,
      job: { ...busyJob('r', 2000), phase: 'delivering' },
    };
    expect(look(workshop(waiting(1), [delivers]))?.byJob.w0).toMatchObject({ p50: 0, p90: 0 });
    const told = look(workshop(waiting(1), [{ ...delivers, kind: 'draining' }]));
    expect(told?.newJob).toEqual({ kind: 'no-worker' });
    // With too many on their way it waits for the first of them to arrive.
    const sent = [1, 2, 3].map((at) =>
      job(`d${at}`, {
        ...{ status: 'completed', queue: 'completed', workerId: 'worker-1', startedAt: NOW },
        ...{ completedAt: NOW + 5 * MINUTE, computed: [NOW, NOW + MINUTE] },
      }),
    );
    const full = workshop([...waiting(1), ...sent], [delivers]);
    const status = full.hosts.h100?.status;
    if (!status) throw new Error('no status');
    status.finishing = [1, 2, 3, 4].map((at) => ({
      ...{ jobId: `f${at}`, userId: 'u', workerId: 'worker-1', since: NOW + OFFSET - MINUTE },
    }));
    const first = look(full)?.byJob.w0;
    expect(first?.kind === 'range' && Math.round(first.p50 / MINUTE)).toBe(3);
  });

  test('round_robin goes by all that was ever completed, not by what the lists still show', () => {
    const jobs = [
      ...['w0', 'w1'].map((id, at) =>
        job(id, { score: at, userId: at === 0 ? 'old' : 'new', createdAt: NOW }),
      ),
      ...Array.from({ length: 3 }, (_, at) =>
        job(`d${at}`, { status: 'completed', queue: 'completed', userId: 'new', completedAt: NOW }),
      ),
    ];
    const first = (completions?: Record<string, number>) => {
      const mode = { control: { ...control, mode: 'round_robin' as const } };
      const told = look(workshop(jobs, undefined, { ...mode, ...(completions && { completions }) }));
      return Object.keys(told?.byJob ?? {})[0];
    };
    expect(first()).toBe('w0');
    expect(first({ old: 500, new: 3 })).toBe('w1');
    expect(first({ old: 2, new: 3 })).toBe('w0');
  });

  test('a worker more shortens the wait, one less lengthens it', () => {
    const told = look(workshop(waiting(30), [busyWith('r', 1000), busyWith('s', 1000)]));
    expect(told?.whatIf.map(({ workers }) => workers)).toEqual([1, 2, 3]);
    const [fewer, now, more] = told?.whatIf.map(({ p50 }) => p50) ?? [];
    expect(fewer).toBeGreaterThan(now ?? 0);
    expect(more).toBeLessThan(now ?? 0);
  });
});

describe('promises', () => {
  const started = (id: string, at: number) =>
    job(id, { status: 'running', queue: 'running', workerId: 'worker-1', startedAt: at + OFFSET });

  /** Runs of both kinds, so that nothing is a guess. */
  const seen = ['sdxl image', job('any').kind].flatMap((kind, of) =>
    [1, 2, 3].map((at) =>
      job(`seen-${of}-${at}`, {
        ...{ kind, status: 'completed', queue: 'completed', workerId: 'worker-1' },
        startedAt: NOW + OFFSET - (at * 2 + of) * MINUTE,
        completedAt: NOW + OFFSET - (at * 2 + of) * MINUTE + 20_000,
      }),
    ),
  );

  test('are judged against when the job started, by one clock', () => {
    const estimator = createWaitEstimator();
    const kept: number[] = [];
    estimator.onKept = (_jobId, { waitedMs }) => kept.push(waitedMs);
    const [first] = waiting(1);
    if (!first) throw new Error('no job');
    estimator.look(workshop([first, ...seen]), NOW);
    expect(estimator.look(workshop([first, ...seen]), NOW + 5000)).toMatchObject({
      medianErrorMs: null,
      estimatesMade: 0,
    });
    const told = estimator.look(workshop([started('w0', NOW + 7000), ...seen]), NOW + 10_000);
    expect(kept).toEqual([7000]);
    expect(told?.estimatesMade).toBe(1);
    estimator.look(workshop([started('w0', NOW + 7000)]), NOW + 11_000);
    expect(kept).toHaveLength(1);
    estimator.forget();
    expect(estimator.look(workshop([]), NOW + 12_000)?.estimatesMade).toBe(0);
  });

  test('that were told as guesses are not counted among the estimates', () => {
    const estimator = createWaitEstimator();
    expect(estimator.look(workshop(waiting(1)), NOW)?.newJob).toMatchObject({ guess: true });
    const told = estimator.look(workshop([started('w0', NOW + 7000)]), NOW + 10_000);
    expect(told).toMatchObject({ medianErrorMs: null, estimatesMade: 0 });
  });

  test('and what else was learned outlast a restart', () => {
    const first = createWaitEstimator();
    first.look(workshop([...seen, ...waiting(3)]), NOW);
    first.look(workshop([...seen, started('w0', NOW + 60_000)]), NOW + 60_000);
    const lessons = first.lessons();
    expect(lessons).toMatchObject([{ kind: 'promise', jobId: 'w0', waitedMs: 60_000 }]);
    expect(first.lessons()).toEqual([]);
    const second = createWaitEstimator();
    second.recall(lessons);
    second.recall(lessons);
    const told = second.look(workshop([...seen, ...waiting(3)]), NOW + 70_000);
    expect(told).toMatchObject({
      estimatesMade: 1,
      medianErrorMs: first.look(workshop(seen), NOW + 70_000)?.medianErrorMs,
    });
    second.recall([{ kind: 'worker-start', at: NOW, tookMs: 10_000 }]);
    const starting: WorkerState = { kind: 'starting', since: NOW + OFFSET, note: '' };
    const once = second.look(workshop([...seen, ...waiting(1)], [starting]), NOW)?.byJob.w0;
    expect(once?.kind === 'range' && once.p50).toBeLessThan(20_000);
    // What was learned of another workshop is not kept for this one.
    second.forget();
    expect(second.look(workshop(seen), NOW)?.estimatesMade).toBe(0);
    expect(second.lessons()).toEqual([]);
  });

  test('that the host made void by holding are not counted, nor those of jobs that went away', () => {
    const estimator = createWaitEstimator();
    estimator.look(workshop([...waiting(2), ...seen]), NOW);
    estimator.look(
      workshop([...waiting(2), ...seen], undefined, { control: { ...control, held: true } }),
      NOW + 1000,
    );
    const after = estimator.look(workshop([started('w0', NOW + 2000)]), NOW + 3000);
    expect(after?.estimatesMade).toBe(0);
  });

  test('only those of today count', () => {
    const record = createEstimateRecord();
    const range = { low: 0, p50: 60_000, p90: 90_000 };
    const made = { promised: range, simulated: range, guess: false };
    for (const [id, at, waited] of [
      ['y', NOW - 24 * 60 * MINUTE, 1],
      ['a', NOW, 2 * MINUTE],
      ['b', NOW, 4 * MINUTE],
      ['c', NOW, 3 * MINUTE],
    ] as const) {
      record.promise(id, { ...made, at });
      record.promise(id, { ...made, at: at - 99_999 });
      record.started(id, at + waited);
    }
    record.promise('guessed', { ...made, guess: true, at: NOW });
    expect(record.started('guessed', NOW + 60 * MINUTE)?.waitedMs).toBe(60 * MINUTE);
    record.promise('d', { ...made, at: NOW });
    record.drop('d');
    expect(record.started('d', NOW)).toBeUndefined();
    expect(record.today(NOW)).toEqual({ medianErrorMs: 2 * MINUTE, estimatesMade: 3 });
    expect(record.today(NOW + 24 * 60 * MINUTE)).toEqual({ medianErrorMs: null, estimatesMade: 0 });
  });

  test('ranges that were too narrow become wider, the middle stays', () => {
    const calibration = createCalibration();
    const range = { low: 90_000, p50: 100_000, p90: 110_000 };
    const before = calibration.widen(range);
    for (let at = 0; at < 100; at += 1) calibration.learn(range, at % 2 === 0 ? 60_000 : 160_000);
    const after = calibration.widen(range);
    expect(after.p50).toBe(100_000);
    expect(after.p90).toBeGreaterThan(before.p90);
    expect(after.low).toBeLessThan(before.low);
    expect(after.low).toBeGreaterThanOrEqual(0);
    calibration.clear();
    expect(calibration.widen(range)).toEqual(before);
    expect(calibration.widen({ low: 0, p50: 0, p90: 0 })).toEqual({ low: 0, p50: 0, p90: 0 });
  });
});

describe('news', () => {
  const waits = (at: number, p50: number, change: Partial<Estimates> = {}): Estimates => ({
    ...{ at, byJob: {}, byUser: {}, later: {}, medianErrorMs: null, estimatesMade: 0, whatIf: [] },
    newJob: { kind: 'range', low: p50 / 2, p50, p90: p50 * 2, guess: false },
    ...change,
  });

  test('estimates that only grew older are none', () => {
    const model = createLiveModel();
    expect(model.estimated(null)).toEqual([]);
    expect(model.estimated(waits(0, 600_000))).toHaveLength(1);
    const older: Estimates = {
      ...waits(10_000, 0),
      newJob: { kind: 'range', low: 290_000, p50: 590_000, p90: 1_190_000, guess: false },
    };
    expect(model.estimated(older)).toEqual([]);
    expect(model.now.waits?.at).toBe(0);
    expect(model.estimated(waits(10_000, 400_000))).toHaveLength(1);
    expect(model.estimated(null)).toEqual([{ kind: 'waits', waits: null }]);
    model.estimated(waits(0, 1));
    model.rename('two', null);
    expect(model.now.waits).toBeNull();
  });

  test('jobs far back are told more seldom, and again when one comes or moves', () => {
    const model = createLiveModel();
    const range = (p50: number) => ({ kind: 'range' as const, low: p50, p50, p90: p50, guess: false });
    const told = (at: number, later: Record<string, number>) =>
      model
        .estimated(
          waits(at, 0, {
            newJob: { kind: 'no-worker' },
            later: Object.fromEntries(Object.entries(later).map(([id, p50]) => [id, range(p50)])),
          }),
        )
        .map(({ kind }) => kind);
    expect(told(0, { a: 600_000, b: 700_000 })).toEqual(['waits', 'later-waits']);
    expect(told(1000, { a: 10_000, b: 20_000, c: 30_000 })).toEqual([]);
    expect(told(10_000, { a: 610_000, b: 680_000 })).toEqual([]);
    // The first of them stands in front now.
    expect(told(11_000, { b: 690_000 })).toEqual([]);
    expect(told(12_000, { b: 690_000, c: 700_000 })).toEqual(['later-waits']);
    expect(told(20_000, { b: 500_000, c: 690_000 })).toEqual(['later-waits']);
    expect(told(21_000, {})).toEqual(['later-waits']);
    expect(model.now.laterWaits).toBeNull();
  });

  test('another kind, another job, another judgement are some', () => {
    const old = waits(0, 60_000);
    expect(isNoNews(old, old)).toBe(true);
    for (const fresh of [
      waits(0, 60_000, { newJob: { kind: 'no-worker' } }),
      waits(0, 60_000, { byJob: { a: { kind: 'no-worker' } } }),
      waits(0, 60_000, { medianErrorMs: 5, estimatesMade: 1 }),
      waits(0, 60_000, { whatIf: [{ workers: 1, p50: 5 }] }),
      waits(0, 60_000, { newJob: { kind: 'range', low: 30_000, p50: 60_000, p90: 120_000, guess: true } }),
    ])
      expect(isNoNews(old, fresh)).toBe(false);
  });
});
