import { expect, test } from 'vitest';
import type { Sample } from '../../../src-main/domain/workshop.ts';
import { BucketRing, CHART_POINTS } from '../../../src-renderer/live/history.ts';

const SPAN = 30 * 60_000;
const WIDTH = SPAN / CHART_POINTS;
const sample = (at: number, change: Partial<Sample> = {}): Sample => ({
  at,
  pending: 1,
  running: 0,
  completedPerMinute: 0,
  vramMiB: {},
  utilization: {},
  ...change,
});

test('1,800 samples become at most 240 buckets, however long it runs', () => {
  const ring = new BucketRing(SPAN);
  for (let second = 0; second < 3 * 1800; second += 1) ring.push(sample(second * 1000));
  expect(ring.buckets()).toHaveLength(CHART_POINTS);
});

test('a bucket keeps the peak of VRAM, the mean of utilisation and the last level', () => {
  const ring = new BucketRing(SPAN);
  ring.push(sample(0, { pending: 3, vramMiB: { g: 100 }, utilization: { g: 10 } }));
  ring.push(sample(1000, { pending: 5, vramMiB: { g: 900 }, utilization: { g: 30 } }));
  ring.push(sample(2000, { pending: null, vramMiB: { g: 200 }, utilization: { g: 50 } }));
  expect(ring.buckets()).toHaveLength(1);
  expect(ring.buckets()[0]).toMatchObject({ pending: 5, vramMiB: { g: 900 }, utilization: { g: 30 } });
});

test('unknown stays unknown and is not a zero', () => {
  const ring = new BucketRing(SPAN);
  ring.push(sample(0, { pending: null, vramMiB: { g: null } }));
  expect(ring.buckets()[0]).toMatchObject({ pending: null, vramMiB: { g: null } });
});

test('time without samples is a gap', () => {
  const ring = new BucketRing(SPAN);
  ring.push(sample(0));
  ring.push(sample(4 * WIDTH));
  expect(ring.buckets().map(({ pending }) => pending)).toEqual([1, null, null, null, 1]);
});

test('a sleep longer than the chart leaves nothing of the time before', () => {
  const ring = new BucketRing(SPAN);
  ring.push(sample(0));
  ring.push(sample(2 * SPAN));
  expect(ring.buckets()).toHaveLength(1);
});

test('a sample from the past is left out', () => {
  const ring = new BucketRing(SPAN);
  ring.push(sample(10 * WIDTH));
  ring.push(sample(0, { pending: 99 }));
  expect(ring.buckets().map(({ pending }) => pending)).toEqual([1]);
});
