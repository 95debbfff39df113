import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { QueueNow, SimJob, SimWorker } from '../../../src-main/domain/wait/queue-model.ts';
import { learnRunTimes } from '../../../src-main/domain/wait/run-times.ts';
import { simulateQueue } from '../../../src-main/domain/wait/simulate-queue.ts';
import type { QueueMode } from '../../../worker-agent/src/contract/desired.ts';
import { longQueue } from '../../support/long-queue.ts';

const SECOND = 1000;

/** A job that takes exactly so long. */
const exact = (userId: string, seconds: number, change: Partial<SimJob> = {}): SimJob => ({
  userId,
  kind: 'k',
  priority: 2,
  estimate: {
    ...{
      medianMs: seconds * SECOND,
      spread: 0,
      doubt: 0,
      group: 'g',
      loadMs: 0,
      loadGuess: false,
      cutShare: 0,
      guess: false,
    },
  },
  ...change,
});

const free = (number: number): SimWorker => ({
  ...{ id: `worker-${number}`, hostId: `host-${number}`, takes: true, loaded: 'k', state: { kind: 'free' } },
});

const queue = (change: Partial<QueueNow>): QueueNow => ({
  workers: [free(1)],
  waiting: [],
  mode: 'fifo',
  nextTurn: null,
  served: new Map(),
  runTimes: learnRunTimes([]),
  arrivals: null,
  cancelRate: 0,
  ...change,
});

const startsOf = (now: QueueNow) => simulateQueue(now)?.jobs.map(({ p50 }) => p50 / SECOND) ?? [];

/** The claim's rules once more, in the plainest way: start of each job in seconds, by place. */
function plainly(now: QueueNow): number[] {
  const freeAt = now.workers.map(() => 0);
  const last = now.workers.map((): string | null => null);
  const served = new Map(now.served);
  const add = (user: string) => served.set(user, (served.get(user) ?? 0) + 1);
  const starts: number[] = [];
  const left = now.waiting.map((job, place) => ({ job, place }));
  let turn = now.nextTurn;
  while (left.length > 0) {
    const at = Math.min(...freeAt);
    const worker = freeAt.indexOf(at);
    const ended = last[worker];
    if (now.mode === 'round_robin' && ended) add(ended);
    const turns = now.mode === 'round_robin' || now.mode === 'fair';
    let next = left[0];
    if (turns)
      for (const each of left)
        if (next && (served.get(each.job.userId) ?? 0) < (served.get(next.job.userId) ?? 0)) next = each;
    if (turn !== null) next = left.find(({ job }) => job.userId === turn) ?? next;
    turn = null;
    if (!next) break;
    left.splice(left.indexOf(next), 1);
    starts[next.place] = at / SECOND;
    if (now.mode === 'fair') add(next.job.userId);
    last[worker] = next.job.userId;
    freeAt[worker] = at + next.job.estimate.medianMs;
  }
  return starts;
}

describe('caps', () => {
  const rounded = (now: QueueNow) => startsOf(now).map((seconds) => Math.round(seconds / 10) * 10);
  const workers = [free(1), free(2), free(3)];
  const waiting = [exact('a', 100), exact('a', 100), exact('a', 100), exact('b', 100), exact('c', 50)];

  test.each(['fifo', 'fair'] as const)('who is at the cap starts when an own job ends, %s', (mode) => {
    const caps = { everybody: null, users: { a: 1 } };
    expect(rounded(queue({ mode, workers, waiting, caps }))).toEqual([0, 100, 200, 0, 0]);
    expect(rounded(queue({ mode, workers, waiting, caps: { everybody: 2, users: { a: 1 } } }))).toEqual([
      ...[0, 100, 200, 0, 0],
    ]);
  });

  test('jobs that run now count', () => {
    const state = { kind: 'busy' as const, job: exact('a', 100), elapsedMs: 0, progress: null, cold: false };
    const busy = [{ ...free(1), state }, free(2)];
    const caps = { everybody: 1, users: {} };
    const starts = startsOf(queue({ workers: busy, waiting: [exact('a', 10), exact('b', 10)], caps }));
    expect(starts[0]).toBeGreaterThan(50);
    expect(starts[1]).toBe(0);
  });
});

describe('limits in line', () => {
  const behind = { behind: true };

  test('jobs behind the line join its end when one of their user starts, after a new job too', () => {
    // a may have two in line.
    const waiting = [exact('a', 100), exact('a', 100), exact('b', 100), exact('c', 100)];
    const more = [exact('a', 100, behind), exact('a', 100, behind)];
    const told = simulateQueue(queue({ waiting: [...waiting, ...more] }));
    const rounded = (ms: number) => Math.round(ms / 10 / SECOND) * 10;
    expect(told?.jobs.map(({ p50 }) => rounded(p50))).toEqual([0, 100, 200, 300, 400, 500]);
    expect(rounded(told?.newJob.p50 ?? 0)).toBe(400);
  });

  test('a priority goes before, and a next turn lets the next one in', () => {
    const waiting = [
      ...[exact('b', 100), exact('c', 100, { priority: 3 }), exact('a', 100, { priority: 3 })],
      exact('a', 100, { ...behind, priority: 2 }),
    ];
    const starts = startsOf(queue({ waiting, nextTurn: 'a' }));
    expect(starts.map((seconds) => Math.round(seconds / 10) * 10)).toEqual([100, 300, 0, 200]);
  });
});

describe('against the rules played out plainly', () => {
  const user = fc.constantFrom('a', 'b', 'c', 'd');
  const jobs = fc.array(fc.tuple(user, fc.integer({ min: 10, max: 300 })), { maxLength: 25 });
  const modes = fc.constantFrom<QueueMode>('fifo', 'priority', 'round_robin', 'fair');

  test('every job starts when the claim would start it, in every mode', () => {
    fc.assert(
      fc.property(
        jobs,
        modes,
        fc.integer({ min: 1, max: 4 }),
        fc.option(user),
        fc.array(user),
        (list, mode, n, turn, done) => {
          const now = queue({
            waiting: list.map(([name, seconds]) => exact(name, seconds + Math.random() / 1000)),
            mode,
            workers: Array.from({ length: n }, (_, at) => free(at)),
            nextTurn: turn,
            served: new Map(
              ['a', 'b', 'c', 'd'].map((name) => [name, done.filter((each) => each === name).length]),
            ),
          });
          const expected = plainly(now);
          startsOf(now).forEach((start, place) => {
            // What remains is the doubt about the pace of the whole, in the middle of which all runs lie.
            expect(start).toBeGreaterThanOrEqual((expected[place] ?? 0) * 0.96 - 0.01);
            expect(start).toBeLessThanOrEqual((expected[place] ?? 0) * 1.04 + 0.01);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  test('ranges are in order, never negative, and the same every time', () => {
    fc.assert(
      fc.property(
        modes,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (mode, waiting, workers) => {
          const now = longQueue(mode, waiting, workers);
          const told = simulateQueue(now);
          for (const { low, p50, p90 } of [...(told?.jobs ?? []), ...(told ? [told.newJob] : [])]) {
            expect(low).toBeGreaterThanOrEqual(0);
            expect(low).toBeLessThanOrEqual(p50);
            expect(p50).toBeLessThanOrEqual(p90);
            expect(Number.isFinite(p90)).toBe(true);
          }
          expect(simulateQueue(now)).toEqual(told);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('in order of submission nobody starts before the one ahead', () => {
    const told = simulateQueue(longQueue('fifo', 60, 3));
    const starts = [...(told?.jobs ?? []), ...(told ? [told.newJob] : [])].map(({ p50 }) => p50);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });
});

describe('workers', () => {
  const two = [exact('a', 100), exact('b', 100)];

  test('without one that takes jobs there is no answer', () => {
    expect(simulateQueue(queue({ workers: [], waiting: two }))).toBeUndefined();
    expect(simulateQueue(queue({ workers: [{ ...free(1), takes: false }], waiting: two }))).toBeUndefined();
  });

  test('one that drains finishes its job and takes no more', () => {
    const drains: SimWorker = {
      ...free(2),
      takes: false,
      state: { kind: 'busy', job: exact('z', 5), elapsedMs: 0, progress: null, cold: false },
    };
    expect(startsOf(queue({ workers: [free(1), drains], waiting: two }))[1]).toBeCloseTo(100, -1);
  });

  test('one that starts takes jobs once it is ready', () => {
    const starting: SimWorker = { ...free(2), state: { kind: 'starting', inMs: 30 * SECOND } };
    const [, second] = startsOf(queue({ workers: [free(1), starting], waiting: two }));
    expect(second).toBeGreaterThan(20);
    expect(second).toBeLessThan(45);
  });

  const busy = (seconds: number, elapsed: number, progress: number | null): SimWorker => ({
    ...free(1),
    state: {
      kind: 'busy',
      job: { ...exact('z', seconds), estimate: { ...exact('z', seconds).estimate, spread: 0.2 } },
      elapsedMs: elapsed * SECOND,
      progress,
      cold: false,
    },
  });
  const afterBusy = (worker: SimWorker) => startsOf(queue({ workers: [worker], waiting: two }))[0] ?? 0;

  test('what a running job has done is not waited for again', () => {
    expect(afterBusy(busy(200, 0, null))).toBeCloseTo(200, -1.5);
    expect(afterBusy(busy(200, 150, null))).toBeLessThan(90);
    expect(afterBusy(busy(200, 150, null))).toBeGreaterThan(30);
  });

  test('one that runs far beyond its usual time is expected to go on, not to end now', () => {
    expect(afterBusy(busy(60, 600, null))).toBeGreaterThan(40);
  });

  test('progress is believed the more the further it is', () => {
    expect(afterBusy(busy(200, 300, 0.5))).toBeGreaterThan(150);
    expect(afterBusy(busy(200, 50, 0.9))).toBeLessThan(45);
  });

  test('jobs on one GPU slow each other down, so a worker more on it does less than one of its own', () => {
    const list = Array.from({ length: 20 }, (_, at) => exact(`u${at}`, 60));
    const p50 = (workers: SimWorker[]) => simulateQueue(queue({ waiting: list, workers }))?.newJob.p50 ?? 0;
    const alone = p50([free(1)]);
    const shared = p50([free(1), { ...free(2), hostId: 'host-1' }]);
    const own = p50([free(1), free(2)]);
    expect(own).toBeLessThan(shared);
    expect(shared).toBeLessThan(alone);
  });

  test('loading another kind takes its time', () => {
    const change = { estimate: { ...exact('a', 10).estimate, loadMs: 50 * SECOND } };
    const list = [
      exact('a', 10, change),
      exact('b', 10, { ...change, kind: 'other' }),
      exact('c', 10, { ...change, kind: 'other' }),
      exact('d', 10, change),
    ];
    const [first, second, third, fourth] = startsOf(queue({ waiting: list }));
    expect(first).toBe(0);
    expect(second).toBeCloseTo(10, -0.5);
    expect(third).toBeCloseTo(70, -1);
    expect(fourth).toBeCloseTo(80, -1);
  });
});

describe('who comes meanwhile', () => {
  const list = Array.from({ length: 10 }, (_, at) => exact(`u${at}`, 60));
  const newJob = (now: QueueNow) => simulateQueue(now)?.newJob.p50 ?? 0;

  test('a higher priority overtakes, the same one does not', () => {
    const calm = newJob(queue({ waiting: list }));
    const like = (priority: number) => ({ everyMs: 60_000, like: [exact('t', 60, { priority })] });
    expect(newJob(queue({ waiting: list, arrivals: like(2) }))).toBeCloseTo(calm, -2);
    expect(newJob(queue({ waiting: list, arrivals: like(0) }))).toBeGreaterThan(calm * 1.3);
  });

  test('a new job goes before those of lower priority', () => {
    const low = list.map((job) => ({ ...job, priority: 3 }));
    expect(newJob(queue({ waiting: low }))).toBe(0);
  });

  test('people who cancel make room', () => {
    const calm = newJob(queue({ waiting: list }));
    expect(newJob(queue({ waiting: list, cancelRate: 1 / 300_000 }))).toBeLessThan(calm * 0.8);
  });

  test('a user who was never served goes first in turns', () => {
    const many = [...list.map((job) => ({ ...job, userId: 'a' })), exact('b', 60)];
    for (const mode of ['fair', 'round_robin'] as const) {
      const starts = startsOf(queue({ waiting: many, mode, served: new Map([['a', 3]]) }));
      expect(starts[10]).toBe(0);
    }
  });
});
