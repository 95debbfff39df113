import { describe, expect, test } from 'vitest';
import { freshRoom } from '../../../../src-main/domain/room/room-state.ts';
import { kindOf, roomViewOf } from '../../../../src-main/domain/room/room-view.ts';
import { roomState } from '../../../support/room-states.ts';
import { CONTROL, job } from '../../../support/scenarios.ts';

const NOW = 1_772_360_430_000;
const snapshotOf = (script: Parameters<typeof roomState>[1]) => roomState(NOW, script).snapshot;

test('holds names, kinds, progress and waits, and no id, error, address or prompt', () => {
  const snapshot = snapshotOf({ people: 5, workers: 3, busy: 2 });
  for (const one of Object.values(snapshot.jobs)) one.error = 'SECRET';
  const view = roomViewOf(snapshot, { ...freshRoom(), nicknames: { user001: 'Lynx' } }, NOW);
  expect(JSON.stringify(view)).not.toMatch(/job-|worker-|gpu-|SECRET|100\.64|KSampler/);
  expect(view.making.map(({ name, kind }) => [name, kind])).toEqual([
    ['user031', 'video'],
    ['user032', 'image'],
  ]);
  expect(view.next.map(({ name, jobs }) => [name, jobs])).toEqual([
    ['Lynx', 1],
    ['user002', 1],
    ['user003', 1],
    ['user004', 2],
    ['user005', 1],
  ]);
  expect(view).toMatchObject({ warming: 1, free: 0, live: true, makingCount: 2, peopleWaiting: 5 });
  expect(view.counts).toMatchObject({ waiting: 6 });
});

test('"made today" counts since midnight of this laptop, and says nothing while the finished jobs are being read', () => {
  const snapshot = snapshotOf({ people: 0, workers: 1 });
  const midnight = new Date(NOW).setHours(0, 0, 0, 0);
  // Redis's clock goes an hour ahead of this laptop's.
  snapshot.clockOffsetMs = 3_600_000;
  snapshot.jobs = Object.fromEntries(
    [-1, 0, 1].map((minutes) => {
      const completedAt = midnight + minutes * 60_000 + 3_600_000;
      return [`m${minutes}`, job(1, 'completed', NOW, { id: `m${minutes}`, completedAt })];
    }),
  );
  if (snapshot.counts) snapshot.counts.completed = 3;
  const today = () => roomViewOf(snapshot, freshRoom(), NOW).counts?.madeToday;
  expect(today()).toBe(2);
  if (snapshot.counts) snapshot.counts.completed = 40;
  expect(today()).toBeNull();
  snapshot.clockOffsetMs = null;
  expect(today()).toBeNull();
});

test('a job that has ended is not in the making, whatever its worker still says; one of a foreign worker is', () => {
  const snapshot = snapshotOf({ people: 1, workers: 2 });
  snapshot.jobs['job-run-1'] = job(1, 'completed', NOW, { id: 'job-run-1' });
  snapshot.jobs.other = job(2, 'running', NOW, { id: 'other', userId: 'user077', workerId: 'elsewhere' });
  const { making } = roomViewOf(snapshot, freshRoom(), NOW);
  expect(making.map(({ name }) => name)).toEqual(['user032', 'user077']);
  expect(making[1]).toMatchObject({ fraction: null, heardAt: null });
});

test('people on hold stand last; where the queue takes turns, estimates decide who comes first', () => {
  const snapshot = snapshotOf({ people: 4, workers: 1 });
  snapshot.control = { ...CONTROL, heldUsers: ['user001'] };
  expect(roomViewOf(snapshot, freshRoom(), NOW).next.map(({ name }) => name)).toEqual([
    'user002',
    'user003',
    'user004',
    'user001',
  ]);
  snapshot.control = { ...CONTROL, mode: 'fair' };
  const { waits } = snapshot;
  if (!waits) throw new Error('there are no waits');
  waits.byUser.user003 = { kind: 'range', low: -9, p50: -5, p90: -1, guess: true };
  expect(roomViewOf(snapshot, freshRoom(), NOW).next[0]).toMatchObject({
    name: 'user003',
    turn: { guess: true },
  });
  snapshot.waits = null;
  expect(roomViewOf(snapshot, freshRoom(), NOW).next[0]).toMatchObject({ name: 'user001', turn: null });
});

test('before anything is known nothing is zero', () => {
  const snapshot = snapshotOf({ people: 0, workers: 0 });
  Object.assign(snapshot, { queueAt: null, counts: null, name: null });
  expect(roomViewOf(snapshot, freshRoom(), NOW)).toMatchObject({ knownAt: null, counts: null, title: null });
});

test('many workers and people stay a small picture', () => {
  const snapshot = snapshotOf({ people: 500, workers: 60 });
  const view = roomViewOf(snapshot, freshRoom(), NOW);
  expect(view.next).toHaveLength(80);
  expect(view.peopleWaiting).toBe(500);
  expect(view.makingCount).toBe(60);
  expect(JSON.stringify(view).length).toBeLessThan(20_000);
});

describe('kinds in one plain word', () => {
  test.each([
    ['ltx2 text to video', 'video'],
    ['ltx2 image to video', 'video'],
    ['flux2 image', 'image'],
    ['qwen image edit', 'image'],
    ['upscale', 'image'],
    ['audio', 'sound'],
    ['3d', '3d'],
    ['workflow', null],
    ['<img src=x>', null],
  ])('%s is %s', (label, kind) => expect(kindOf(label)).toBe(kind));
});
