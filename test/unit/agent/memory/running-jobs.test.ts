import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCardMemory } from '../../../../worker-agent/src/agent/memory/card-memory.ts';
import type { NeedKey } from '../../../../worker-agent/src/agent/memory/need-book.ts';
import type { Observed } from '../../../../worker-agent/src/agent/memory/observation.ts';
import type { Neighbour } from '../../../../worker-agent/src/agent/memory/roles.ts';
import {
  followRunningJobs,
  type RunningJobs,
} from '../../../../worker-agent/src/agent/memory/running-jobs.ts';

const EMPTY = 700;
const worker: Neighbour = {
  ...{ workerId: 'worker-1', gpu: '0', endpoint: 'http://127.0.0.1:8188' },
  idleComfy: () => undefined,
};
/** What nvidia-smi says now. */
let held: number;
let free: number;
let learned: ({ kind: string } & Observed)[];
let running: RunningJobs;

beforeEach(() => {
  vi.useFakeTimers();
  held = EMPTY;
  free = 60_000;
  learned = [];
  const memory = createCardMemory({
    reading: () => ({
      gpus: [
        {
          ...{ index: 0, uuid: 'GPU-a', name: 'H100', memoryTotalMiB: 81_559, memoryUsedMiB: 0 },
          ...{ memoryFreeMiB: free, utilization: 0, temperatureC: 30, powerW: 70, powerLimitW: 700 },
        },
      ],
      processes: [],
      error: null,
    }),
    byWorker: () => [{ workerId: 'worker-1', gpuIndex: 0, memoryMiB: held }],
  });
  running = followRunningJobs({
    memory,
    book: {
      need: () => null,
      record: (key, _, seen) => void learned.push({ kind: key.kind, ...seen }),
      recordTooLittle: () => {},
      learned: () => [],
      flush: () => {},
    },
    workers: () => [worker],
  });
});
afterEach(() => {
  running.close();
  vi.useRealTimers();
});

/** One job from start to end; `peaks` are the readings of its seconds. */
async function job(kind: string, models: string[], peaks: number[], completed = true): Promise<void> {
  const key: NeedKey = { signature: kind, card: 'GPU-a', kind };
  const comfy = { stats: () => Promise.reject(new Error('not asked')) };
  running.begin({ jobId: kind, worker, comfy, key: () => key, models, needMiB: null });
  for (const peak of peaks) {
    held = peak;
    await vi.advanceTimersByTimeAsync(1000);
  }
  running.end('worker-1', completed);
}
const pause = () => vi.advanceTimersByTimeAsync(4000);

describe('what is learned from the jobs of one worker', () => {
  test('the first on a fresh server shows its need whole', async () => {
    await job('big', ['a'], [10_000, 50_000, 30_000]);
    await pause();
    expect(learned).toEqual([{ kind: 'big', peakMiB: 50_000, cacheMiB: 0, exact: true }]);
  });

  test('the same again does, too; a smaller one after it shows nothing', async () => {
    await job('big', ['a'], [10_000, 50_000]);
    await job('big', ['a'], [50_000, 50_000]);
    await job('small', ['a'], [50_000, 50_000]);
    await pause();
    expect(learned.map(({ kind, exact }) => [kind, exact])).toEqual([
      ['big', true],
      ['big', true],
    ]);
  });

  test('once all was unloaded a smaller one shows its need', async () => {
    await job('big', ['a'], [10_000, 50_000]);
    await pause();
    held = EMPTY;
    await job('small', ['a'], [5000, 8000]);
    await pause();
    expect(learned.at(-1)).toEqual({ kind: 'small', peakMiB: 8000, cacheMiB: 0, exact: true });
  });

  test('other models after it show at least their growth', async () => {
    await job('first', ['a'], [10_000, 20_000]);
    await job('second', ['b'], [30_000, 45_000]);
    await pause();
    expect(learned.at(-1)).toEqual({ kind: 'second', peakMiB: 45_000, cacheMiB: 19_300, exact: false });
  });

  test('what an earlier life of the agent left is not taken for the job’s own', async () => {
    held = 40_000;
    await job('small', ['a'], [40_000, 40_000]);
    await pause();
    expect(learned).toEqual([]);
  });

  test('a job that did not run through teaches nothing', async () => {
    await job('big', ['a'], [10_000, 50_000], false);
    await pause();
    expect(learned).toEqual([]);
  });

  test('a short job is seen by what it leaves behind', async () => {
    await job('short', ['a'], []);
    held = 9000;
    await pause();
    expect(learned).toEqual([{ kind: 'short', peakMiB: 9000, cacheMiB: 0, exact: true }]);
  });

  test('…but not by what the next one does', async () => {
    await job('short', ['a'], []);
    await job('next', ['a'], [30_000, 30_000]);
    await pause();
    expect(learned.map(({ kind }) => kind)).toEqual(['next']);
  });

  test('while it runs it is expected to need what it once needed', async () => {
    const key: NeedKey = { signature: 'big', card: 'GPU-a', kind: 'big' };
    const comfy = { stats: () => Promise.reject(new Error('not asked')) };
    running.begin({ jobId: 'big', worker, comfy, key: () => key, models: [], needMiB: 50_000 });
    expect(running.view('GPU-a').workers).toMatchObject([
      { busy: true, heldMiB: EMPTY, expectedMiB: 50_000 },
    ]);
    held = 55_000;
    await vi.advanceTimersByTimeAsync(2000);
    expect(running.view('GPU-a').workers).toMatchObject([{ expectedMiB: 55_000 }]);
    running.end('worker-1', true);
    expect(running.view('GPU-a').workers).toMatchObject([{ busy: false }]);
  });
});
