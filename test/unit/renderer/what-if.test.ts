import { expect, test } from 'vitest';
import { catalogue } from '../../../src-main/app/catalogue.ts';
import { capacityOf } from '../../../src-main/domain/capacity/capacity.ts';
import { freshCapacitySettings } from '../../../src-main/domain/capacity/capacity-settings.ts';
import { describeWhatIf } from '../../../src-renderer/features/stage/describe-what-if.ts';
import { threeHosts } from '../../support/capacity-states.ts';
import { busyState, host, worker } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

const MINUTE = 60_000;
const range = { kind: 'range', low: 15 * MINUTE, p50: 18 * MINUTE, p90: 22 * MINUTE, guess: false } as const;
const waits = (now: number, more: number, change = {}) => ({
  ...{ at: NOW, byJob: {}, byUser: {}, medianErrorMs: null, estimatesMade: 0 },
  newJob: range,
  whatIf: [
    { workers: 1, p50: 40 * MINUTE },
    { workers: 2, p50: now * MINUTE },
    { workers: 3, p50: more * MINUTE },
  ],
  ...change,
});
const busy = [1, 2].map((number) => worker(number, busyState(number, NOW, 1000)));
const two = host({ workers: busy }, NOW);

test('says what a worker more would do when it matters', () => {
  expect(describeWhatIf(waits(18, 11), [two], null)).toBe(
    'A third worker cuts the wait from about 18 to 11 min.',
  );
  expect(describeWhatIf(waits(18, 11, { newJob: { ...range, guess: true } }), [two], null)).toBe(
    'A third worker would cut the wait from about 18 to 11 min, by a first guess.',
  );
});

test('says nothing of short waits, small cuts, what is not known, or while workers come and go', () => {
  expect(describeWhatIf(waits(3, 1), [two], null)).toBe('');
  expect(describeWhatIf(waits(18, 17), [two], null)).toBe('');
  expect(describeWhatIf(waits(18, 11, { whatIf: [] }), [two], null)).toBe('');
  expect(describeWhatIf(waits(18, 11, { newJob: { kind: 'held', what: 'queue' } }), [two], null)).toBe('');
  expect(describeWhatIf(null, [two], null)).toBe('');
  const starting = worker(3, { kind: 'starting', since: NOW, note: '' });
  expect(describeWhatIf(waits(18, 11), [host({ workers: [...busy, starting] }, NOW)], null)).toBe('');
});

test('says nothing when no host may run one more', () => {
  if (!two.status) throw new Error('no status');
  const full = { ...two, status: { ...two.status, maxWorkers: 2 } };
  expect(describeWhatIf(waits(18, 11), [full], null)).toBe('');
});

test('a host that does not speak is asked for nothing', () => {
  const { snapshot } = threeHosts(NOW);
  const capacity = () => {
    const known = capacityOf(snapshot, freshCapacitySettings(), catalogue, NOW);
    return { ...known, shared: { changed: null, unshared: null, refused: null } };
  };
  const say = () => describeWhatIf(waits(18, 11), Object.values(snapshot.hosts), capacity());
  expect(say()).toBe('A third worker cuts the wait from about 18 to 11 min, and fits on gpu-1.');
  for (const id of ['gpu-1', 'gpu-2']) {
    const status = snapshot.hosts[id]?.status;
    if (status) status.maxWorkers = status.workers.length;
  }
  // Only the silent one has room.
  expect(say()).toBe('');
});
