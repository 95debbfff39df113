import type { FakeState } from './fake-workshop.ts';
import { busyState, CONTROL, host, job, progress, worker, workshop } from './scenarios.ts';

const GB = 1024;
const MINUTE = 60_000;

/** A full hour at the workshop: two workers, a long queue, needs that were seen, a disk that fills. */
export function fullHour(now: number): FakeState {
  const jobs = [
    ...[1, 2].map((number) =>
      job(number, 'running', now, {
        id: `job-run-${number}`,
        workerId: `worker-${number}`,
        kind: 'flux2 image',
      }),
    ),
    ...Array.from({ length: 14 }, (_, at) =>
      job(20 + at, 'pending', now, {
        score: at,
        kind: ['flux2 image', 'sdxl image', 'wan2.2 text to video', 'custom workflow'][at % 4] ?? '',
      }),
    ),
    ...Array.from({ length: 30 }, (_, at) => job(100 + at, 'completed', now, { kind: 'sdxl image' })),
    ...[1, 2, 3, 4].map((at) => job(300 + at, 'failed', now, { completedAt: now - at * MINUTE })),
  ];
  const gpuHost = host(
    {
      workers: [worker(1, busyState(1, now, 48_000)), worker(2, busyState(2, now, 31_000))],
      vram: { 'worker-1': 25.2, 'worker-2': 24.9 },
      progress: [progress(1, 13, 21), progress(2, 17, 20)],
      change: {
        needs: [
          { kind: 'flux2 image', needMiB: 25.4 * GB, runs: 14 },
          { kind: 'sdxl image', needMiB: 8.1 * GB, runs: 31 },
        ],
        disks: [{ path: '/data/outputs', use: 'outputs, models', totalBytes: 500e9, freeBytes: 12.4e9 }],
      },
    },
    now,
  );
  const state = workshop(now, [gpuHost], jobs, { control: { ...CONTROL, at: now - 20 * MINUTE } });
  state.snapshot.waits = {
    at: now,
    newJob: { kind: 'range', low: 15 * MINUTE, p50: 18 * MINUTE, p90: 24 * MINUTE, guess: false },
    ...{ byJob: {}, byUser: {}, medianErrorMs: 40_000, estimatesMade: 22 },
    whatIf: [
      { workers: 1, p50: 35 * MINUTE },
      { workers: 2, p50: 18 * MINUTE },
      { workers: 3, p50: 11 * MINUTE },
    ],
  };
  return state;
}
