import { expect, test } from 'vitest';
import { nextInLine } from '../../../src-renderer/features/stage/next-in-line.ts';
import { JobIndex } from '../../../src-renderer/live/job-index.ts';
import type { Waits } from '../../../src-renderer/live/store.ts';
import { CONTROL, job } from '../../support/scenarios.ts';

const NOW = 1_772_360_430_000;
const jobs = new JobIndex();
jobs.replaceAll(
  ['hog', 'hog', 'hog', 'ada', 'bo', 'cy'].map((userId, at) =>
    job(at, 'pending', NOW, { id: `j${at}`, userId, score: at }),
  ),
);
const waits = (p50: Record<string, number>): Waits => ({
  ...{
    at: NOW,
    newJob: { kind: 'no-worker' },
    byUser: {},
    medianErrorMs: null,
    estimatesMade: 0,
    whatIf: [],
  },
  byJob: Object.fromEntries(
    Object.entries(p50).map(([id, at]) => [id, { kind: 'range', low: at, p50: at, p90: at, guess: false }]),
  ),
});
const order = (known: Waits | null, change: Partial<typeof CONTROL> & object = {}, most = 8) =>
  nextInLine({ jobs, control: { ...CONTROL, ...change }, waits: known }, most);

test('the order is the simulated one, whatever the scores are', () => {
  const known = waits({ j3: 0, j4: 100, j5: 200, j0: 300, j1: 400, j2: 500 });
  expect(order(known)).toEqual(['j3', 'j4', 'j5', 'j0', 'j1', 'j2']);
  expect(order(known, {}, 2)).toEqual(['j3', 'j4']);
  // Equals stay in the order of the line, and what has left the queue is not shown.
  expect(order(waits({ gone: 0, j5: 0, j3: 0 })).slice(0, 2)).toEqual(['j5', 'j3']);
});

test('a held person fills no place before others, and stands last', () => {
  const held = { heldUsers: ['hog'] } as object;
  expect(order(waits({ j3: 0, j4: 100, j5: 200 }), held)).toEqual(['j3', 'j4', 'j5', 'j0', 'j1', 'j2']);
  expect(order(waits({ j3: 0, j4: 100, j5: 200 }), held, 3)).toEqual(['j3', 'j4', 'j5']);
  expect(order(null, held, 3)).toEqual(['j3', 'j4', 'j5']);
});

test('what came after the estimates stands behind; without any, the queue decides, a next turn first', () => {
  expect(order(waits({ j4: 0 }))).toEqual(['j4', 'j0', 'j1', 'j2', 'j3', 'j5']);
  expect(order(null)).toEqual(['j0', 'j1', 'j2', 'j3', 'j4', 'j5']);
  expect(order(null, { nextTurn: 'cy' } as object)[0]).toBe('j5');
});
