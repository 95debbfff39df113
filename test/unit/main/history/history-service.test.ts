import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WorkshopMessage } from '../../../../src-main/api/types.ts';
import { type HistoryLimits, openHistoryLog } from '../../../../src-main/connections/store/history-log.ts';
import { freshCapacitySettings } from '../../../../src-main/domain/capacity/capacity-settings.ts';
import type { RentalMeter } from '../../../../src-main/domain/capacity/capacity-state.ts';
import { dayOf } from '../../../../src-main/domain/history/local-day.ts';
import { lossFault, noLoss, withLoss } from '../../../../src-main/domain/history/loss.ts';
import type { Observation } from '../../../../src-main/domain/observation.ts';
import { createHistoryService } from '../../../../src-main/services/history.ts';
import { createWorkshopWatch } from '../../../../src-main/services/watch-workshop.ts';
import { hostStatus } from '../host-status.ts';
import { job } from '../job-summary.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'history-service-'));
});
afterEach(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));

const counts = { pending: 3, running: 1, completed: 1, failed: 0, cancelled: 0, deadLetter: 0 };
const ready: Observation = { kind: 'link', link: { kind: 'ready', since: 0, rttMs: 1 } };

/** A console that watches a workshop of which it learns these facts. */
function consoleOn(address: string | null, facts: () => Observation[], limits?: HistoryLimits) {
  const watch = createWorkshopWatch();
  const history = createHistoryService({
    watch,
    snapshot: () => watch.now,
    open: (workshop) => openHistoryLog(dir, workshop, limits),
  });
  const turnTo = (redisAddress: string | null, own = facts) =>
    watch.turnTo(
      redisAddress === null
        ? undefined
        : {
            name: 'Film',
            redisAddress,
            source: {
              observe(tell) {
                for (const fact of own()) tell(fact);
                return () => {};
              },
            },
          },
    );
  turnTo(address);
  history.start();
  return {
    watch,
    history,
    turnTo,
    async close() {
      watch.close();
      await history.close();
    },
  };
}

const METER: RentalMeter = {
  ...{ at: 0, busyMs: null, unsureMs: 0, known: null, live: false, busyNow: false },
  ...{ lastSafeAt: null, waitMs: null, runMs: null, guess: false },
};
const ended = (id: string, completedAt: number) =>
  job(id, { status: 'completed', queue: 'completed', startedAt: completedAt - 5000, completedAt });
const queue = (clockOffsetMs: number | null): Observation => ({
  kind: 'queue',
  at: Date.now(),
  clockOffsetMs,
  counts,
});

test('what was seen is there after a restart, once: jobs, events, the price, and the charts’ past', async () => {
  const now = Date.now();
  const event: Observation = {
    kind: 'event',
    event: {
      ...{ protocol: 1, at: now - 1000, kind: 'control-changed', by: 'ada@laptop' },
      ...{ jobId: null, userId: null, workerId: null, message: 'The queue is held, mode fair.' },
    },
  };
  const facts = (): Observation[] => [
    ready,
    { kind: 'some-jobs', found: [ended('a', now)], gone: [] },
    queue(0),
    event,
  ];
  const first = consoleOn('10.0.0.1:6379', facts);
  const rental = { pricePerHour: 2.69, currency: '€', startedAt: now - 60_000, endsAt: now };
  first.watch.capacity({
    ...{ settings: freshCapacitySettings(), hosts: {}, advice: null },
    rentals: [{ hostId: 'gpu-1', rental, meter: METER }],
    shared: { changed: null, unshared: null, refused: null },
  });
  const peaks = async () =>
    (await first.history.recap({ day: dayOf(now) })).hours.map(({ peakWaiting }) => peakWaiting);
  await vi.waitFor(async () => expect(await peaks()).toContain(3), { timeout: 4000 });
  await first.close();

  const second = consoleOn('10.0.0.1:6379', facts);
  const stop = new AbortController();
  let past: WorkshopMessage['changes'][number] | undefined;
  for await (const { changes } of second.watch.watch(stop.signal)) {
    past = changes.find(
      (one) => one.kind === 'snapshot' && one.histories.fine.some(({ at }) => at < now + 2000),
    );
    if (past) break;
  }
  expect(past?.kind === 'snapshot' && past.histories.fine[0]?.pending).toBe(3);
  expect(past?.kind === 'snapshot' && past.histories.coarse.length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(second.history.state().savedUntil).not.toBeNull(), { timeout: 5000 });
  const recap = await second.history.recap({ day: dayOf(now) });
  expect(recap.jobs).toEqual({ completed: 1, failed: 0, cancelled: 0 });
  expect(recap.acts).toHaveLength(1);
  // Nothing is entered any more; the day keeps what it cost.
  expect(second.watch.now.capacity ?? null).toBeNull();
  expect(recap.costs).toMatchObject([{ hostId: 'gpu-1', perHour: 2.69 }]);
  // All that ended before the first console began was listed then, so it is known that nothing ran but this one job.
  expect(recap.costs[0]?.unknownHours).toBeLessThan(10 / 3600);
  expect(recap.costs[0]?.idle).toBeCloseTo((55 / 3600) * 2.69, 4);
  expect((await second.history.days()).map(({ day }) => day)).toContain(dayOf(now));
  await second.close();
});

test('what runs now is not idle, and what ran before the history began is not known to be', async () => {
  const now = Date.now();
  const running = job('r', {
    status: 'running',
    queue: 'running',
    startedAt: now - 5000,
    workerId: 'worker-1',
  });
  const { watch, history, close } = consoleOn('10.0.0.3:6379', () => [
    ready,
    { kind: 'some-jobs', found: [running, ended('a', now - 10_000)], gone: [] },
    queue(0),
  ]);
  const rental = { pricePerHour: 3600, currency: '€', startedAt: now - 20_000, endsAt: null };
  watch.capacity({
    ...{ settings: freshCapacitySettings(), hosts: {}, advice: null },
    rentals: [{ hostId: 'gpu-1', rental, meter: METER }],
    shared: { changed: null, unshared: null, refused: null },
  });
  // Near midnight the rental lies on two days, of which this test asks for one.
  if (dayOf(now - 20_000) !== dayOf(now)) return close();
  const cost = async () => (await history.recap({ day: dayOf(now) })).costs[0];
  await vi.waitFor(async () => expect((await cost())?.idle).not.toBeNull(), { timeout: 5000 });
  // Five seconds of the twenty by the job that has ended, and all since by the one that runs: ten are left.
  expect((await cost())?.idle).toBeCloseTo(10, 0);
  await close();
});

test('a console that is killed and opened again knows how good its estimates were, and what waited for memory', async () => {
  const now = Date.now();
  const ran = (id: string, at: number, ms: number) =>
    job(id, {
      ...{ status: 'completed', queue: 'completed', workerId: 'worker-1' },
      ...{ startedAt: now - at, completedAt: now - at + ms },
    });
  const past = [1, 2, 3, 4, 5].map((at) => ran(`d${at}`, 600_000 - at * 40_000, 30_000));
  const busy = (change: object = {}) =>
    hostStatus({ at: now, nextWithinMs: 600_000 }, ['worker-1', 'worker-2']).workers.map((worker, at) =>
      at > 0
        ? worker
        : {
            ...{ ...worker, completed: 5 },
            state: {
              ...{ kind: 'busy' as const, since: now },
              job: {
                ...{ jobId: 'hog', userId: 'u', kind: 'sdxl image', startedAt: now - 1000, attempt: 1 },
                ...{ phase: 'running' as const, ...change },
              },
            },
          },
    );
  const status = (workers: ReturnType<typeof busy>): Observation => ({
    ...{ kind: 'host-status', hostId: 'h100', heardAt: Date.now() },
    status: hostStatus({ at: now, nextWithinMs: 600_000, workers: workers.slice(0, 1) }),
  });
  const waitsNow = job('next', { createdAt: now });
  let tell: (fact: Observation) => void = () => {};
  const facts = [ready, { kind: 'some-jobs' as const, found: past, gone: [] }, queue(0)];
  const start = () => {
    const console = consoleOn(null, () => []);
    console.watch.turnTo({
      ...{ name: 'Film', redisAddress: '10.0.0.1:6379' },
      source: {
        observe(listener) {
          tell = listener;
          for (const fact of facts) listener(fact);
          return () => {};
        },
      },
    });
    return console;
  };
  const soon = { timeout: 6000, interval: 50 };

  const first = start();
  const waitingFor = { jobId: 'hog', needMiB: 1, freeMiB: 0 };
  tell(status(busy({ waitingFor })));
  tell({ kind: 'some-jobs', found: [waitsNow], gone: [] });
  await vi.waitFor(() => expect(first.watch.now.waits?.byJob.next?.kind).toBe('range'), soon);
  tell({
    kind: 'some-jobs',
    found: [
      { ...waitsNow, status: 'running', queue: 'running', startedAt: Date.now(), workerId: 'worker-1' },
    ],
    gone: [],
  });
  await vi.waitFor(() => expect(first.watch.now.waits?.estimatesMade).toBe(1), soon);
  const { medianErrorMs } = first.watch.now.waits ?? {};
  const onDisk = async () => (await openHistoryLog(dir, '10.0.0.1:6379').read(dayOf(now))).map(({ t }) => t);
  await vi.waitFor(
    async () => expect((await onDisk()).filter((t) => t === 'estimate')).toHaveLength(2),
    soon,
  );
  // Killed: nothing is closed in order, and nothing more is written.
  first.watch.close();

  const second = start();
  // In hand it lasted ten minutes; computing was a small part of that.
  tell({ kind: 'some-jobs', found: [ran('hog', 1000, 600_000), waitsNow], gone: [] });
  tell(status(busy({ jobId: 'other' })));
  await vi.waitFor(() => expect(second.watch.now.waits?.estimatesMade).toBe(1), soon);
  expect(second.watch.now.waits?.medianErrorMs).toBe(medianErrorMs);
  const wait = second.watch.now.waits?.byJob.next;
  expect(wait?.kind === 'range' && wait.p90).toBeLessThan(120_000);
  await second.close();
  await first.history.close();
});

test('jobs wait for Redis’s clock to be known; another workshop has another history', async () => {
  const now = Date.now();
  const one = consoleOn('10.0.0.1:6379', () => [
    ready,
    { kind: 'some-jobs', found: [ended('a', now + 3_600_000)], gone: [] },
    queue(null),
  ]);
  await vi.waitFor(() => expect(one.watch.now.queueAt).not.toBeNull());
  expect((await one.history.recap({ day: dayOf(now) })).jobs.completed).toBe(0);
  one.turnTo('10.0.0.1:6379', () => [
    ready,
    { kind: 'some-jobs', found: [ended('a', now + 3_600_000)], gone: [] },
    queue(3_600_000),
  ]);
  await vi.waitFor(
    async () => expect((await one.history.recap({ day: dayOf(now) })).jobs.completed).toBe(1),
    { timeout: 5000 },
  );
  one.turnTo('10.0.0.2:6379', () => [ready, queue(0)]);
  await vi.waitFor(
    async () => expect((await one.history.recap({ day: dayOf(now) })).jobs.completed).toBe(0),
    { timeout: 5000 },
  );
  await one.close();
});

test('a disk that takes nothing is told, and nothing counts as saved', async () => {
  await writeFile(join(dir, 'history'), 'in the way');
  const one = consoleOn('10.0.0.1:6379', () => [ready, queue(0)]);
  await vi.waitFor(() => expect(one.history.state().fault?.code).toBe('CONFIG'), { timeout: 5000 });
  expect(one.history.state().savedUntil).toBeNull();
  await one.close();
});

test('a full day says what it leaves out, counts each job once, and calls nothing saved that is not', async () => {
  const now = Date.now();
  const limits = { dayBytes: 1500, days: 3, totalBytes: 90_000 };
  const one = consoleOn(
    '10.0.0.1:6379',
    () => [ready, { kind: 'some-jobs', found: [ended('first', now)], gone: [] }, queue(0)],
    limits,
  );
  await vi.waitFor(() => expect(one.history.state().savedUntil).not.toBeNull(), { timeout: 5000 });
  expect(one.history.state()).toMatchObject({ keeps: 'all', fault: null });
  const many = Array.from({ length: 30 }, (_, at) => ended(`more-${at}`, now));
  const facts = (): Observation[] => [
    ready,
    { kind: 'some-jobs', found: [ended('first', now), ...many], gone: [] },
    queue(0),
  ];
  await one.close();

  const two = consoleOn('10.0.0.1:6379', facts, limits);
  await vi.waitFor(() => expect(two.history.state().keeps).toBe('part'), { timeout: 5000 });
  const told = two.history.state();
  expect(told.savedUntil).toBeNull();
  expect(told.fault?.remedy).toMatch(/Take the jobs home as a table now/);
  const kept = (await openHistoryLog(dir, '10.0.0.1:6379').read(dayOf(now))).filter(({ t }) => t === 'job');
  const lost = Number(
    /and (\d+) records of jobs and events could not be kept/.exec(told.fault?.message ?? '')?.[1],
  );
  expect(kept.length + lost).toBe(31);
  await two.close();
});

test('figures alone that find no room leave what happened saved', () => {
  const sample = { t: 'sample' as const, at: 1, pending: 1, running: 1, completedPerMinute: 1 };
  const loss = withLoss(noLoss(), [{ ...sample, vramMiB: {}, utilization: {} }], 'full', 5);
  expect(lossFault(loss)?.message).toBe(
    'The history of today is full, and 1 figure of the charts could not be kept. Jobs and events still are.',
  );
  expect(lossFault(noLoss())).toBeUndefined();
  expect(lossFault(withLoss(loss, [], 'disk', 9))).toEqual(lossFault(loss));
});

test('who asks in the first moment of a console is told what is kept, not that nothing is', async () => {
  const now = Date.now();
  await openHistoryLog(dir, '10.0.0.1:6379').append(
    [
      {
        ...{ t: 'job', offset: 0, id: 'a', userId: 'user001', status: 'completed', workerId: null },
        ...{ createdAt: now, startedAt: now, completedAt: now, kind: 'flux2 image', error: null },
      },
    ],
    now,
  );
  const one = consoleOn('10.0.0.1:6379', () => [ready, queue(0)]);
  expect((await one.history.days()).map(({ day }) => day)).toEqual([dayOf(now)]);
  expect((await one.history.recap({ day: dayOf(now) })).jobs.completed).toBe(1);
  one.turnTo('10.0.0.2:6379', () => [ready, queue(0)]);
  expect(await one.history.days()).toEqual([]);
  await one.close();
});
