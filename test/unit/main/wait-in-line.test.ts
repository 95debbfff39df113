import { expect, test } from 'vitest';
import { inLine } from '../../../src-main/domain/wait/in-line.ts';
import type { JobSummary } from '../../../src-main/domain/workshop.ts';
import { job } from './job-summary.ts';

const BASE = 1_790_000_000;
const at = (id: string, userId: string, seconds: number, priority = 2) =>
  job(id, { userId, priority, score: priority * 1e6 + BASE + seconds });
const ran = (id: string, userId: string, seconds: number) =>
  job(id, { userId, status: 'running', queue: 'running', startedAt: (BASE + seconds) * 1000 });
const line = (waiting: JobSummary[], others: JobSummary[], limit: number) =>
  inLine(waiting, [...waiting, ...others], { everybody: null, users: { a: limit } }).map(
    ({ job: { id }, behind }) => (behind ? `(${id})` : id),
  );

const waiting = [at('a1', 'a', 1), at('a2', 'a', 2), at('a3', 'a', 3), at('b1', 'b', 10), at('c1', 'c', 20)];

test('the first so many stand in line, the others behind all', () => {
  expect(line(waiting, [], 2)).toEqual(['a1', 'a2', 'b1', 'c1', '(a3)']);
  expect(inLine(waiting, waiting, null).every(({ behind }) => !behind)).toBe(true);
});

test('whoever was let in stands where the start that did it puts them, within their priority', () => {
  expect(line(waiting, [ran('a0', 'a', 15)], 2)).toEqual(['a1', 'b1', 'a2', 'c1', '(a3)']);
  expect(line(waiting, [ran('a0', 'a', 15)], 1)).toEqual(['b1', 'a1', 'c1', '(a2)', '(a3)']);
  const low = [...waiting, at('d1', 'd', 0, 3)];
  expect(line(low, [ran('a0', 'a', 30), ran('a-1', 'a', 25)], 2)).toEqual([
    ...['b1', 'c1', 'a1', 'a2', 'd1', '(a3)'],
  ]);
});

test('a job that waits again lets nobody in', () => {
  const again = waiting.map((each) => (each.id === 'a1' ? { ...each, startedAt: (BASE + 15) * 1000 } : each));
  expect(line(again, [], 1)).toEqual(['a1', 'b1', 'c1', '(a2)', '(a3)']);
});
