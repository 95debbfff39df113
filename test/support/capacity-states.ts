import type { FakeState } from './fake-workshop.ts';
import { busyState, CONTROL, gpu, host, job, progress, worker, workshop } from './scenarios.ts';

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

/** A large card, a small one, and a machine that has been silent for three minutes. */
export function threeHosts(now: number): FakeState {
  const MIB = 1024;
  const one = (id: string, totalGb: number, heardAgo: number) =>
    host(
      {
        ...{ id, heardAgo, wanted: 1 },
        workers: [{ ...worker(1, { kind: 'idle', since: now - 40_000 }), id: `${id}-worker-1` }],
        gpus: [gpu(0, { memoryTotalMiB: totalGb * MIB, memoryUsedMiB: 2 * MIB })],
        vram: { [`${id}-worker-1`]: 1.5 },
        change: {
          // What speaks does so for as long as a test lasts.
          nextWithinMs: heardAgo > 10_000 ? 20_000 : 3_600_000,
          guardMiB: totalGb * MIB * 0.875,
          needs: [{ kind: 'flux2 image', needMiB: 18 * MIB, runs: 9 }],
        },
      },
      now,
    );
  const ran = (number: number, hostId: string, fromMin: number, untilMin: number) =>
    job(number, 'completed', now, {
      ...{ kind: 'flux2 image', workerId: `${hostId}-worker-1` },
      ...{ startedAt: now - fromMin * MINUTE, completedAt: now - untilMin * MINUTE },
    });
  return workshop(
    now,
    [one('gpu-1', 80, 300), one('gpu-2', 24, 300), one('gpu-3', 80, 3 * MINUTE)],
    [ran(1, 'gpu-1', 55, 25), ran(2, 'gpu-2', 50, 44), job(20, 'pending', now, { kind: 'flux2 image' })],
  );
}
