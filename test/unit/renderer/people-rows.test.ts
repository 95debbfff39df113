import { expect, test } from 'vitest';
import { peopleOf } from '../../../src-renderer/features/people/people-rows.ts';
import { job } from '../../support/scenarios.ts';

const NOW = 1_772_360_430_000;
const MINUTE = 60_000;
const facts = {
  counts: null,
  nicknames: {},
  control: null,
  waits: null,
  clock: { now: NOW, today: NOW - 600 * MINUTE },
};

test('GPU minutes are those on the GPU: files that are brought away beside the next job count for nobody', () => {
  const on = (minutes: number) => NOW - minutes * MINUTE;
  const jobs = [
    job(1, 'completed', NOW, {
      id: 'told',
      userId: 'a',
      workerId: 'worker-1',
      startedAt: on(60),
      completedAt: on(40),
    }),
    job(2, 'running', NOW, { id: 'leaving', userId: 'b', workerId: 'worker-1', startedAt: on(30) }),
    job(3, 'running', NOW, { id: 'now', userId: 'c', workerId: 'worker-1', startedAt: on(10) }),
    job(4, 'failed', NOW, {
      id: 'bounded',
      userId: 'd',
      workerId: 'worker-2',
      startedAt: on(30),
      completedAt: on(5),
    }),
    job(5, 'completed', NOW, {
      id: 'after',
      userId: 'e',
      workerId: 'worker-2',
      startedAt: on(20),
      completedAt: on(12),
    }),
  ];
  if (jobs[0]) jobs[0].computed = [on(58), on(50)];
  const finishing = new Map([['leaving', on(14)]]);
  const minutes = peopleOf({ ...facts, jobs, finishing }).rows.map(({ userId, gpuMs }) => [
    userId,
    gpuMs / MINUTE,
  ]);
  expect(minutes).toEqual([
    ['a', 8],
    ['b', 16],
    ['c', 10],
    ['d', 10],
    ['e', 8],
  ]);
});
