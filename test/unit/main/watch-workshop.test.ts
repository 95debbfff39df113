import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Observation } from '../../../src-main/domain/observation.ts';
import type { WorkshopMessage } from '../../../src-main/domain/workshop.ts';
import { createWorkshopWatch, type WorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import { job } from './job-summary.ts';

let watch: WorkshopWatch;
let tell: (fact: Observation) => void;
let left: number;
beforeEach(() => {
  vi.useFakeTimers();
  watch = createWorkshopWatch();
  left = 0;
  watch.turnTo({ name: 'one', redisAddress: 'r:1', source });
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

const source = {
  observe(listener: (fact: Observation) => void) {
    tell = listener;
    return () => {
      left += 1;
    };
  },
};

/** Collects what a subscriber gets; `backlog` is how much it has not taken. */
function subscribe(backlog: () => number = () => 0) {
  const stop = new AbortController();
  const messages: WorkshopMessage[] = [];
  let ended = false;
  const run = async () => {
    for await (const message of watch.watch(stop.signal, backlog)) messages.push(message);
    ended = true;
  };
  void run();
  return { messages, stop: () => stop.abort(), ended: () => ended };
}

const kinds = ({ changes }: WorkshopMessage) => changes.map(({ kind }) => kind);
const submitted = (id: string): Observation => ({ kind: 'some-jobs', found: [job(id)], gone: [] });

test('first a snapshot, then changes; seq counts without gaps', async () => {
  tell(submitted('a'));
  const { messages } = subscribe();
  await vi.advanceTimersByTimeAsync(0);
  expect(messages).toHaveLength(1);
  expect(messages[0]?.changes[0]).toMatchObject({
    kind: 'snapshot',
    snapshot: { name: 'one', jobs: { a: job('a') } },
  });
  for (const id of ['b', 'c', 'd']) {
    tell(submitted(id));
    await vi.advanceTimersByTimeAsync(200);
  }
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index));
  expect(
    messages.flatMap(({ changes }) => changes).flatMap((each) => (each.kind === 'jobs' ? each.upsert : [])),
  ).toEqual(['b', 'c', 'd'].map((id) => job(id)));
});

test('at most 20 messages a second, however much happens, and nothing is left out', async () => {
  const { messages } = subscribe();
  await vi.advanceTimersByTimeAsync(0);
  for (let ms = 0; ms < 1000; ms += 1) {
    tell({ kind: 'some-jobs', found: [job('a', { score: ms })], gone: [] });
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(100);
  expect(messages.length).toBeLessThanOrEqual(23);
  const last = messages.flatMap(({ changes }) => changes).findLast((change) => change.kind === 'jobs');
  expect(last).toMatchObject({ upsert: [{ score: 999 }] });
});

test('a change after a quiet time is told at once', async () => {
  const { messages } = subscribe();
  await vi.advanceTimersByTimeAsync(510);
  const before = messages.length;
  tell(submitted('a'));
  await vi.advanceTimersByTimeAsync(0);
  expect(messages.length).toBe(before + 1);
});

test('a subscriber that does not read is held back, and gets one snapshot instead of what it missed', async () => {
  let backlog = 0;
  const { messages } = subscribe(() => backlog);
  await vi.advanceTimersByTimeAsync(100);
  backlog = 10_000_000;
  const before = messages.length;
  for (let n = 0; n < 6000; n += 1) tell(submitted(`j${n}`));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(messages.length - before).toBeLessThanOrEqual(1);
  backlog = 0;
  await vi.advanceTimersByTimeAsync(200);
  const [snapshot] = messages.filter(
    (message, index) => index >= before && kinds(message).includes('snapshot'),
  );
  expect(snapshot?.changes).toHaveLength(1);
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index));
});

test('a slow subscriber does not slow another one down', async () => {
  const slow = subscribe(() => 10_000_000);
  const quick = subscribe();
  await vi.advanceTimersByTimeAsync(100);
  tell(submitted('a'));
  await vi.advanceTimersByTimeAsync(100);
  expect(quick.messages.some((message) => kinds(message).includes('jobs'))).toBe(true);
  expect(slow.messages.some((message) => kinds(message).includes('jobs'))).toBe(false);
});

test('every second has a sample, gaps included', async () => {
  const { messages } = subscribe();
  await vi.advanceTimersByTimeAsync(5100);
  const samples = messages.flatMap(({ changes }) => changes).filter((change) => change.kind === 'sample');
  expect(samples.filter((change) => change.kind === 'sample' && !change.coarse)).toHaveLength(5);
  expect(samples.every((change) => change.kind === 'sample' && change.sample.pending === null)).toBe(true);
});

test('estimates come within a second of what they rest on, and not again while they only grow older', async () => {
  const { messages } = subscribe();
  const now = Date.now();
  tell({ kind: 'link', link: { kind: 'ready', since: now, rttMs: 1 } });
  const counts = { pending: 1, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
  tell({ kind: 'queue', at: now, clockOffsetMs: 0, counts });
  tell(submitted('a'));
  await vi.advanceTimersByTimeAsync(1100);
  const told = () =>
    messages.flatMap(({ changes }) => changes).flatMap((each) => (each.kind === 'waits' ? [each.waits] : []));
  expect(told()).toMatchObject([{ newJob: { kind: 'no-worker' }, byJob: { a: { kind: 'no-worker' } } }]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told()).toHaveLength(1);
  tell(submitted('b'));
  await vi.advanceTimersByTimeAsync(1100);
  expect(told()).toHaveLength(2);
  tell({
    kind: 'link',
    link: { kind: 'lost', since: now, code: 'X', why: 'no', remedy: 'look', retryAt: null },
  });
  await vi.advanceTimersByTimeAsync(1100);
  expect(told().at(-1)).toBeNull();
});

test('turning to another workshop forgets the first, ends its reading, and tells by a snapshot', async () => {
  const { messages } = subscribe();
  await vi.advanceTimersByTimeAsync(2100);
  tell(submitted('a'));
  watch.turnTo({ name: 'two', redisAddress: 'r:2', source });
  await vi.advanceTimersByTimeAsync(100);
  expect(left).toBe(1);
  const last = messages.at(-1)?.changes[0];
  expect(last).toMatchObject({
    kind: 'snapshot',
    snapshot: { name: 'two', jobs: {} },
    histories: { fine: [] },
  });
  watch.turnTo(undefined);
  await vi.advanceTimersByTimeAsync(2000);
  expect(messages.at(-1)?.changes[0]).toMatchObject({ snapshot: { name: null, redisAddress: null } });
});

test('a stream ends with its signal or with the watch, and leaves no timer', async () => {
  const [one, two] = [subscribe(), subscribe()];
  await vi.advanceTimersByTimeAsync(100);
  one.stop();
  await vi.advanceTimersByTimeAsync(0);
  expect([one.ended(), two.ended()]).toEqual([true, false]);
  watch.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(two.ended()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
