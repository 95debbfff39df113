import { expect, test } from 'vitest';
import { progressText, runOf } from '../../../src-renderer/features/jobs/progress-words.ts';
import { busyState, host, job, progress, worker } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

const busy = (change: Parameters<typeof host>[0]) => ({ 'gpu-1': host(change, NOW) });
const one = worker(1, busyState(1, NOW, 100_000));
const runs = job(1, 'running', NOW, { id: 'job-run-1', startedAt: NOW - 100_000 });
const text = (hosts: ReturnType<typeof busy>, now = NOW) =>
  progressText(runs, runOf(hosts, 'job-run-1', 0), 0, now);

test('share, node, step, how long it runs and what is left', () => {
  expect(text(busy({ workers: [one], progress: [progress(1, 10, 20)] }))).toBe(
    '50 % · KSampler · step 10 of 20 · runs 1:40 · about 2 min left',
  );
});

test('too early nothing is foretold, and without progress the phase is told', () => {
  expect(text(busy({ workers: [one], progress: [progress(1, 1, 20)] }))).toBe(
    '5 % · KSampler · step 1 of 20 · runs 1:40',
  );
  const loading = {
    ...progress(1, 0, 1),
    phase: 'loading' as const,
    fraction: null,
    step: null,
    steps: null,
  };
  expect(text(busy({ workers: [one], progress: [loading] }))).toBe('loading models · runs 1:40');
  expect(text(busy({ workers: [one] }))).toBe('computing · runs 1:40');
});

test('what is old says so and foretells nothing', () => {
  expect(text(busy({ workers: [one], progress: [progress(1, 10, 20)], heardAgo: 65_000 }))).toBe(
    '50 % · KSampler · step 10 of 20 · as of 65 s ago',
  );
});

test('the status that came later does not make an old frame young', () => {
  const hosts = busy({ workers: [one], progress: [progress(1, 10, 20)], heardAgo: 30_000 });
  hosts['gpu-1'].heardAt = NOW;
  expect(text(hosts)).toMatch(/as of 30 s ago$/);
});

test('a job whose files are brought away is delivering; one that nobody tells of is not known', () => {
  const since = NOW - 5000;
  const finishing = [
    {
      workerId: 'worker-1',
      jobId: 'job-run-1',
      userId: 'user004',
      since,
    },
  ];
  expect(text(busy({ workers: [], change: { finishing } }))).toBe('delivering the result · runs 1:40');
  expect(text(busy({ workers: [] }))).toBe('runs 1:40 · no agent tells how far it is');
});
