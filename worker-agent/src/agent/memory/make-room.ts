import { setTimeout as sleep } from 'node:timers/promises';
import type { ComfyServer } from '../../comfy/roles.ts';
import type { CardMemory } from './card-memory.ts';
import type { Neighbour } from './roles.ts';
import type { Running, RunningJobs } from './running-jobs.ts';

export interface RoomMaker {
  /**
   * Lets idle workers unload their models and waits until `isEnough`, at most a few seconds.
   * @returns whether it became enough.
   */
  unload(
    workers: readonly Neighbour[],
    job: Running,
    isEnough: () => boolean,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Waits until `isEnough`, `limitMs` at most. */
  wait(job: Running, isEnough: () => boolean, signal: AbortSignal, limitMs: number): Promise<boolean>;
}

/** nvidia-smi tells once a second; two readings must see it. */
const APPEARS_MS = 3000;
const LOOK_MS = 100;
const FETCH_EVERY = 5;

export function createRoomMaker(
  memory: CardMemory,
  running: Pick<RunningJobs, 'unloaded' | 'settled'>,
): RoomMaker {
  /** Looks until it is enough; `prepare` runs before each look. */
  const waitUntil = async (
    job: Running,
    isEnough: () => boolean,
    signal: AbortSignal,
    limitMs: number,
    prepare: () => Promise<void>,
  ): Promise<boolean> => {
    const deadline = performance.now() + limitMs;
    for (let look = 0; !signal.aborted && performance.now() < deadline; look += 1) {
      await prepare();
      if (look % FETCH_EVERY === 0 && memory.needsStats(job.worker))
        await memory.fetchStats(job.worker, job.comfy);
      if (isEnough()) return true;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
    return isEnough();
  };
  const unloadOne = async (worker: Neighbour, comfy: ComfyServer): Promise<void> => {
    try {
      await comfy.free();
      running.unloaded(worker.workerId);
    } catch {
      // It holds on to its models; the wait finds out.
    }
  };

  return {
    wait: (job, isEnough, signal, limitMs) => waitUntil(job, isEnough, signal, limitMs, async () => {}),
    async unload(workers, job, isEnough, signal) {
      const asked = new Map<Neighbour, ComfyServer>();
      // One that had something in hand at first may be idle a moment later.
      const askIdle = async () => {
        const idle = workers.flatMap((worker) => {
          const comfy = asked.has(worker) ? undefined : worker.idleComfy();
          return comfy ? [[worker, comfy] as const] : [];
        });
        for (const [worker, comfy] of idle) asked.set(worker, comfy);
        await Promise.all(idle.map(([worker, comfy]) => unloadOne(worker, comfy)));
      };
      const enough = await waitUntil(job, isEnough, signal, APPEARS_MS, askIdle);
      await Promise.all(
        [...asked].map(async ([worker, comfy]) => {
          if (memory.needsStats(worker)) await memory.fetchStats(worker, comfy);
          running.settled(worker.workerId);
        }),
      );
      return enough;
    },
  };
}
