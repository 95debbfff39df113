import { expect, test } from 'vitest';
import { ENDED_LISTED, type JobSummary } from '../../../src-main/domain/workshop.ts';
import { peopleOf } from '../../../src-renderer/features/people/people-rows.ts';
import { shortListsOf, WHOLE_LISTS } from '../../../src-renderer/live/list-reach.ts';
import { job as summary } from '../main/job-summary.ts';

const counts = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0, deadLetter: 0 };
const done = (at: number, change: Partial<JobSummary> = {}): JobSummary =>
  summary(`done-${at}`, {
    ...{
      status: 'completed',
      queue: 'completed',
      userId: 'user001',
      startedAt: at - 60_000,
      completedAt: at,
    },
    ...change,
  });

test('the renderer believes of the lists what main makes them', () => {
  expect(WHOLE_LISTS).toBe(ENDED_LISTED);
});

test('a list is short when Redis counts more than it holds; since when it is whole is the oldest it holds', () => {
  const jobs = [done(2000), done(1500), done(3000)];
  expect(shortListsOf(jobs, { ...counts, completed: 5300 })).toEqual([
    { kind: 'completed', listed: 3, all: 5300, since: 1500 },
  ]);
  expect(shortListsOf(jobs, null)).toEqual([]);
  // A job that stands in two queues at once is shown in one of them: no gap.
  expect(shortListsOf(jobs, { ...counts, completed: 4 })).toEqual([]);
});

test('figures of today are least ones only when the list ends after midnight; GPU time is one by any short list', () => {
  const facts = { nicknames: {}, control: null, waits: null };
  const today = 1000;
  const people = (jobs: JobSummary[], more: Partial<typeof counts>) =>
    peopleOf({
      ...facts,
      jobs,
      counts: { ...counts, ...more },
      clock: { now: 10_000_000, today },
      finishing: new Map(),
    });
  expect(people([done(2000), done(4000)], { completed: 5300 })).toMatchObject({
    ...{ doneIsLeast: true, failedIsLeast: false, gpuIsLeast: true, wholeSince: 2000 },
  });
  expect(people([done(500), done(4000)], { completed: 5300 })).toMatchObject({
    ...{ doneIsLeast: false, gpuIsLeast: false, wholeSince: null },
  });
  const cancelled = done(3000, { status: 'cancelled', queue: 'cancelled' });
  expect(people([cancelled], { cancelled: 2000 })).toMatchObject({
    ...{ doneIsLeast: false, failedIsLeast: false, gpuIsLeast: true, wholeSince: 3000 },
  });
});
