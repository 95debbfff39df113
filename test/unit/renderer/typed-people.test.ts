import { expect, test } from 'vitest';
import { type PersonRow, sortPeople } from '../../../src-renderer/features/people/people-rows.ts';

const person = (userId: string, change: Partial<PersonRow> = {}): PersonRow => ({
  ...{ userId, nickname: '', waiting: 0, running: 0, done: 0, failed: 0, gpuMs: 0 },
  ...{
    wait: null,
    seenAt: null,
    held: false,
    ownCap: null,
    cap: null,
    ownLineCap: null,
    lineCap: null,
    nextTurn: false,
  },
  ...change,
});
const people = [
  person('user001', { nickname: 'Ada Lovelace', waiting: 4, gpuMs: 12.5 * 60_000 }),
  person('user002', { nickname: 'held', waiting: 1, failed: 3 }),
  person('user003', { held: true, waiting: 2, ownCap: 1 }),
  person('constructor', { running: 1 }),
];
const ids = (typed: string) =>
  sortPeople(people, typed, { column: 'waiting', descending: true }).map(({ userId }) => userId);

test('a name is found by any part of it, in any case, with its spaces', () => {
  expect(ids('')).toEqual(['user001', 'user003', 'user002', 'constructor']);
  expect(ids('ada love')).toEqual(['user001']);
  expect(ids('USER003')).toEqual(['user003']);
  expect(ids('nobody')).toEqual([]);
  expect(ids('constructor')).toEqual(['constructor']);
});

test('states and figures can be typed, and all of them must hold', () => {
  expect(ids('held')).toEqual(['user003']);
  expect(ids('waiting failed>2')).toEqual(['user002']);
  expect(ids('waiting>=2')).toEqual(['user001', 'user003']);
  expect(ids('waiting<1')).toEqual(['constructor']);
  expect(ids('gpu=12 ada')).toEqual(['user001']);
  expect(ids('limited nameless')).toEqual(['user003']);
});

test('what stands in quotes is a name; an unknown figure is one too', () => {
  expect(ids('"held"')).toEqual(['user002']);
  expect(ids('toString>1')).toEqual([]);
});
