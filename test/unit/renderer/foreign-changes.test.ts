import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { applyChanges } from '../../../src-renderer/live/apply.ts';
import { peopleWords } from '../../../src-renderer/live/people-words.ts';
import { liveStore, noteForeign, noteRevision, revisionOf } from '../../../src-renderer/live/store.ts';
import { foreignChanges } from '../../../src-renderer/live/use-other-hosts.ts';
import { CONTROL, host, worker, workshop } from '../../support/scenarios.ts';
import { NOW, stateOf } from './facts.ts';

const IDLE = { kind: 'idle' as const, since: NOW };
const HOST = host({ workers: [worker(1, IDLE), worker(2, IDLE)] }, NOW);
const DESIRED = { protocol: 1, revision: 4, at: NOW, by: 'anna@laptop', workers: 2, drained: [] as string[] };
const begin = () => ({
  ...stateOf(workshop(NOW, [{ ...HOST, desired: DESIRED }], [], { control: { ...CONTROL, revision: 7 } })),
  console: { name: 'anna@laptop', usual: 'anna@laptop' },
});
type Desired = typeof DESIRED;
const wanting = (change: Partial<Desired>) => ({
  kind: 'host' as const,
  host: { ...HOST, desired: { ...DESIRED, revision: 5, ...change } },
});
const ordering = (change: object) => ({
  kind: 'control' as const,
  control: { ...CONTROL, revision: 8, by: 'ben@tablet', ...change },
});
const told = (
  change: ReturnType<typeof wanting> | ReturnType<typeof ordering>,
  called = peopleWords('people'),
) => {
  const before = begin();
  return foreignChanges(before, applyChanges(before, [change]), called);
};

const called = peopleWords('people');

describe('what another host changed is told', () => {
  test('workers and drained ones, with what it was', () => {
    expect(told(wanting({ by: 'ben@tablet', workers: 3, drained: ['worker-2'] }))).toEqual([
      {
        ...{ by: 'ben@tablet', key: 'host:gpu-1', from: 4, to: 5 },
        words: ['3 workers wanted on gpu-1, was 2.', 'worker-2 on gpu-1 is drained.'],
      },
    ]);
  });

  test.each([
    [{ held: true }, ['The queue is held.']],
    [{ mode: 'fair' }, ['The order of the queue is fair shares.']],
    [{ heldUsers: ['user004', 'user007'] }, ['user004 and user007 are held.']],
    [{ nextTurn: 'user009' }, ['user009 has the next turn.']],
    [
      { caps: { everybody: 2, users: { user001: 1 } } },
      ['Everybody runs at most 2 jobs at once.', 'The limit of user001 was changed.'],
    ],
    [
      { lineCaps: { everybody: 2, users: { user001: 1 } } },
      ['Everybody has at most 2 jobs in line.', 'The limit of user001 on jobs in line was changed.'],
    ],
    [{ heldUsers: ['a', 'b', 'c', 'd'] }, ['4 people are held.']],
  ])('an order of the queue: %j', (change, words) => {
    expect(told(ordering({ mode: CONTROL.mode, ...change }))[0]?.words).toEqual(words);
  });

  test('many are counted in the word of the workshop', () => {
    const held = ordering({ mode: CONTROL.mode, heldUsers: ['a', 'b', 'c', 'd'] });
    expect(told(held, peopleWords('artists'))[0]?.words).toEqual(['4 artists are held.']);
  });

  test('own acts, first words of an agent and a turn that was served are not', () => {
    expect(told(wanting({ workers: 3 }))).toEqual([]);
    expect(told(wanting({ by: 'agent on gpu-1', workers: 3 }))).toEqual([]);
    const before = { ...begin(), control: { ...CONTROL, revision: 7, nextTurn: 'user009' } };
    expect(
      foreignChanges(before, applyChanges(before, [ordering({ nextTurn: null })]), called)[0]?.words,
    ).toEqual([]);
  });

  test('turning to another workshop and its first reading are no change of anybody', () => {
    const after = applyChanges(begin(), [wanting({ by: 'ben@tablet', workers: 3 })]);
    expect(foreignChanges(begin(), after, called)).toHaveLength(1);
    expect(foreignChanges({ ...begin(), redisAddress: 'elsewhere:6379' }, after, called)).toEqual([]);
    expect(foreignChanges({ ...begin(), queueAt: null }, after, called)).toEqual([]);
  });
});

describe('a click right after a change that nobody can have read', () => {
  beforeEach(() => void vi.useFakeTimers({ now: NOW }));
  afterEach(() => {
    noteRevision({ hostId: 'gpu-1' }, null);
    vi.useRealTimers();
  });

  test('acts on what stood there before; a second later, or once it was refused, on what stands now', () => {
    const state = applyChanges(begin(), [wanting({ by: 'ben@tablet', workers: 3 })]);
    noteForeign('host:gpu-1', 4, 5, NOW);
    expect(revisionOf(state, { hostId: 'gpu-1' })).toBe(4);
    expect(revisionOf(state, 'control')).toBe(7);
    vi.setSystemTime(NOW + 1001);
    expect(revisionOf(state, { hostId: 'gpu-1' })).toBe(5);
    vi.setSystemTime(NOW);
    noteRevision({ hostId: 'gpu-1' }, null);
    expect(revisionOf(state, { hostId: 'gpu-1' })).toBe(5);
    expect(liveStore.getState().noted).toEqual({});
  });
});
