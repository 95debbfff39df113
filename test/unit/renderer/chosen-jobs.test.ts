import { expect, test } from 'vitest';
import {
  type ChosenJobs,
  chooseThrough,
  letGo,
  NONE_CHOSEN,
  readChosen,
  toggleAll,
  toggleJob,
} from '../../../src-renderer/features/jobs/chosen-jobs.ts';
import { job } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

const order = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id }));
const idsOf = ({ ids }: ChosenJobs) => [...ids].sort().join('');

test('a job is chosen and let go', () => {
  const one = toggleJob(NONE_CHOSEN, 'b');
  expect(idsOf(one)).toBe('b');
  expect(idsOf(toggleJob(one, 'b'))).toBe('');
});

test('a range is drawn from the last choice, redrawn from there, and leaves what was chosen apart', () => {
  const apart = toggleJob(toggleJob(NONE_CHOSEN, 'e'), 'b');
  const wide = chooseThrough(apart, order, 'd');
  expect(idsOf(wide)).toBe('bcde');
  expect(idsOf(chooseThrough(wide, order, 'c'))).toBe('bce');
  expect(idsOf(chooseThrough(wide, order, 'a'))).toBe('abe');
});

test('a range whose first row is no longer shown begins anew', () => {
  const hidden = toggleJob(NONE_CHOSEN, 'z');
  expect(idsOf(chooseThrough(hidden, order, 'c'))).toBe('cz');
  expect(idsOf(chooseThrough(chooseThrough(hidden, order, 'c'), order, 'd'))).toBe('cdz');
  expect(chooseThrough(hidden, order, 'gone')).toEqual(hidden);
});

test('all that are shown, and none of them; what the filter hides stays chosen', () => {
  const all = toggleAll(toggleJob(NONE_CHOSEN, 'z'), order);
  expect(idsOf(all)).toBe('abcdez');
  expect(idsOf(toggleAll(all, order))).toBe('z');
});

test('what was done is let go, what refused stays chosen', () => {
  expect(idsOf(letGo(toggleAll(NONE_CHOSEN, order), ['a', 'c', 'e']))).toBe('bd');
});

test('the chosen are counted as they are now: whose, hidden by the filter, gone', () => {
  const now = new Map(
    [
      job(1, 'failed', NOW, { id: 'a', userId: 'user004' }),
      job(2, 'failed', NOW, { id: 'b', userId: 'user004' }),
      job(3, 'failed', NOW, { id: 'y', userId: 'user005' }),
    ].map((one) => [one.id, one]),
  );
  const chosen = { ...NONE_CHOSEN, ids: new Set(['a', 'b', 'y', 'gone']) };
  const { jobs, ...counts } = readChosen(chosen, order, (id) => now.get(id));
  expect(jobs.map(({ id }) => id)).toEqual(['a', 'b', 'y']);
  expect(counts).toEqual({ people: 2, hidden: 1, gone: ['gone'] });
});
