import { expect, test } from 'vitest';
import { lastingText, spanBetween } from '../../../src-renderer/features/jobs/job-words.ts';
import { filterKey, NO_FILTER, selectJobs } from '../../../src-renderer/features/jobs/select-jobs.ts';
import { job } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

const jobs = [
  job(1, 'completed', NOW, { id: 'done-old', completedAt: 1000 }),
  job(2, 'completed', NOW, { id: 'done-new', completedAt: 2000 }),
  job(3, 'pending', NOW, { id: 'wait-2', score: 2 }),
  job(4, 'pending', NOW, { id: 'wait-1', score: 1 }),
  job(5, 'running', NOW, { id: 'run', userId: 'user013', workerId: 'worker-9' }),
  job(6, 'failed', NOW, { id: 'broke', error: 'Node KSampler failed', completedAt: 1500 }),
];
const standing = { column: 'standing', descending: false } as const;
const ids = (filter: Partial<typeof NO_FILTER>, sort: Parameters<typeof selectJobs>[2] = standing) =>
  selectJobs(jobs, { ...NO_FILTER, ...filter }, sort).jobs.map(({ id }) => id);

test('running, then waiting in queue order, then what ended, latest first', () => {
  expect(ids({})).toEqual(['run', 'wait-1', 'wait-2', 'done-new', 'broke', 'done-old']);
});

test('filters by state, and counts the states that the other filters leave', () => {
  expect(ids({ status: 'failed' })).toEqual(['broke']);
  expect(selectJobs(jobs, { ...NO_FILTER, status: 'failed' }, standing).ofStatus).toMatchObject({
    pending: 2,
    completed: 2,
    failed: 1,
  });
});

test('search looks into user, worker, error and id, whatever the case', () => {
  expect(ids({ search: 'USER013' })).toEqual(['run']);
  expect(ids({ search: 'worker-9' })).toEqual(['run']);
  expect(ids({ search: 'ksampler' })).toEqual(['broke']);
  expect(ids({ search: 'wait-' })).toEqual(['wait-1', 'wait-2']);
});

test('unknown goes last, both ways told apart by id', () => {
  const odd = [
    job(1, 'pending', NOW, { id: 'b', createdAt: null }),
    job(1, 'pending', NOW, { id: 'a', createdAt: 5 }),
  ];
  expect(
    selectJobs(odd, NO_FILTER, { column: 'created', descending: false }).jobs.map(({ id }) => id),
  ).toEqual(['a', 'b']);
});

test('a hostile user id of 100 KB can be filtered by without being shown', () => {
  const hostile = job(9, 'pending', NOW, { id: 'h', userId: 'A'.repeat(100_000) });
  const found = selectJobs([...jobs, hostile], { ...NO_FILTER, user: filterKey(hostile.userId) }, standing);
  expect(found.jobs).toEqual([hostile]);
});

test('durations: waits, runs, ran; unknown is a dash', () => {
  expect(lastingText(job(1, 'pending', NOW, { createdAt: NOW - 120_000 }), 0, NOW)).toBe('waits 2 min');
  expect(lastingText(job(1, 'running', NOW, { startedAt: NOW - 65_000 }), 0, NOW)).toBe('1:05');
  expect(lastingText(job(1, 'completed', NOW, { startedAt: 0, completedAt: 41_000 }), 0, NOW)).toBe('0:41');
  expect(lastingText(job(1, 'completed', NOW, { startedAt: null }), 0, NOW)).toBe('–');
  expect(lastingText(job(1, 'pending', NOW), null, NOW)).toBe('–');
});

test('a span is known only where both its ends are, and clock jitter never makes it negative', () => {
  expect(spanBetween(1000, 42_000)).toBe('0:41');
  expect(spanBetween(5000, 4990)).toBe('0:00');
  expect(spanBetween(null, 1)).toBe('–');
  expect(spanBetween(1, null)).toBe('–');
});
