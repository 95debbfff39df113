import { expect, test } from 'vitest';
import { applyChanges } from '../../../src-renderer/live/apply.ts';
import { usualStart } from '../../../src-renderer/live/learned.ts';
import { revisionOf } from '../../../src-renderer/live/store.ts';
import { busyState, CONTROL, event, host, job, progress, worker, workshop } from '../../support/scenarios.ts';
import { NOW, stateOf } from './facts.ts';

const starting = worker(2, { kind: 'starting', since: NOW - 40_000, note: 'loading' });
const begin = () =>
  stateOf(
    workshop(
      NOW,
      [
        host(
          { workers: [worker(1, busyState(1, NOW, 1000)), starting], progress: [progress(1, 1, 20)] },
          NOW,
        ),
      ],
      [job(1, 'pending', NOW), job(2, 'completed', NOW)],
    ),
  );

test('what did not change keeps its identity, so that its readers stay quiet', () => {
  const before = begin();
  const there = before.hosts['gpu-1'];
  if (!there?.live) throw new Error('no host');
  const live = { ...structuredClone(there.live), at: NOW + 1000 };
  const after = applyChanges(before, [{ kind: 'live', hostId: 'gpu-1', live, heardAt: NOW + 1000 }]);
  expect(after.hosts['gpu-1']?.live?.at).toBe(NOW + 1000);
  expect(after.hosts['gpu-1']?.status).toBe(there.status);
  expect(after.hosts['gpu-1']?.live?.progress[0]).toBe(there.live.progress[0]);
  expect(after.hostIds).toBe(before.hostIds);
  expect(after.counts).toBe(before.counts);
});

test('a frame of a host that is not known is left out', () => {
  const before = begin();
  const live = before.hosts['gpu-1']?.live;
  if (!live) throw new Error('no frame');
  expect(applyChanges(before, [{ kind: 'live', hostId: 'gpu-9', live, heardAt: NOW }]).hosts).toBe(
    before.hosts,
  );
});

test('a start is learned from when the worker says it is ready, on the same clock', () => {
  const before = begin();
  const ready = host(
    { workers: [worker(1, busyState(1, NOW, 1000)), worker(2, { kind: 'idle', since: NOW + 30_000 })] },
    NOW,
  );
  const after = applyChanges(before, [{ kind: 'host', host: ready }]);
  expect(usualStart(after.startTimes)).toBe(70_000);
  expect(applyChanges(after, [{ kind: 'host', host: ready }]).startTimes).toBe(after.startTimes);
});

test('a failed start teaches nothing', () => {
  const error = { code: 'RUNTIME_START', message: 'no', retryable: false };
  const failed = worker(2, { kind: 'failed', since: NOW, error, retryAt: null });
  const after = applyChanges(begin(), [{ kind: 'host', host: host({ workers: [starting, failed] }, NOW) }]);
  expect(usualStart(after.startTimes)).toBeNull();
});

test('a revision of our own act serves until the feed has caught up', () => {
  const state = { ...begin(), noted: { 'host:gpu-1': 4 } };
  expect(revisionOf(state, { hostId: 'gpu-1' })).toBe(4);
  const there = state.hosts['gpu-1'];
  if (!there?.desired) throw new Error('no host');
  const caughtUp = applyChanges(state, [
    { kind: 'host', host: { ...there, desired: { ...there.desired, revision: 4 } } },
  ]);
  expect(caughtUp.noted).toEqual({});
  expect(revisionOf(caughtUp, { hostId: 'gpu-1' })).toBe(4);
});

test('nothing wanted yet is revision null, not zero', () => {
  const state = stateOf(
    workshop(NOW, [{ ...host({ workers: [] }, NOW), desired: null }], [], { control: null }),
  );
  expect(revisionOf(state, { hostId: 'gpu-1' })).toBeNull();
  expect(revisionOf(state, 'control')).toBeNull();
});

test('jobs, control, events and hosts come and go', () => {
  const after = applyChanges(begin(), [
    { kind: 'jobs', upsert: [job(3, 'pending', NOW)], remove: ['job-00002'] },
    { kind: 'control', control: { ...CONTROL, held: true } },
    { kind: 'event', event: event(NOW, 0, 'job-completed', 'newest') },
    { kind: 'host-removed', hostId: 'gpu-1' },
  ]);
  expect(after.jobs.size).toBe(2);
  expect(after.jobsVersion).toBe(after.jobs.version);
  expect(after.control?.held).toBe(true);
  expect(after.events[0]?.message).toBe('newest');
  expect(after.hostIds).toEqual([]);
});

test('a new snapshot replaces everything, jobs and histories too', () => {
  const fresh = workshop(NOW, [], [job(9, 'failed', NOW)]);
  const after = applyChanges(begin(), [{ kind: 'snapshot', ...fresh }]);
  expect(after.jobs.size).toBe(1);
  expect(after.jobs.waitingCount).toBe(0);
  expect(after.hosts).toEqual({});
});
