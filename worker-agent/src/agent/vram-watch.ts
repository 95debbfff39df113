import type { WorkerVram } from '../contract/telemetry.ts';
import type { GpuReader } from '../gpu/roles.ts';
import { vramByWorker } from '../gpu/worker-vram.ts';
import type { ManagedServer } from '../runtime/roles.ts';

/** Between two looks at who owns which process, ms; each look walks /proc. */
const LOOK_GAP_MS = 5000;

export interface VramWatch {
  /** What each worker's processes hold, as of the last reading. */
  byWorker(): WorkerVram[];
  /** A server came, went or was restarted: ask again. */
  forget(): void;
}

/** Ties the processes that nvidia-smi names to workers; asks only when a process turns up that nobody knows yet. */
export function watchVram(gpu: Pick<GpuReader, 'reading'>, servers: () => ManagedServer[]): VramWatch {
  let owners = new Map<string, ReadonlySet<number>>();
  let known = new Set<number>();
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking = false;

  const look = async (pids: readonly number[]) => {
    looking = true;
    lookedAt = performance.now();
    const found = await Promise.all(
      servers().map(async (server) => [server.slot.workerId, new Set(await server.pids())] as const),
    );
    owners = new Map(found);
    known = new Set(pids);
    looking = false;
  };
  return {
    byWorker() {
      const { gpus, processes } = gpu.reading();
      const pids = processes.map((process) => process.pid);
      const strangers = pids.some((pid) => !known.has(pid));
      if (strangers && !looking && performance.now() - lookedAt > LOOK_GAP_MS) void look(pids);
      return vramByWorker(gpus, processes, owners);
    },
    forget() {
      known = new Set();
    },
  };
}
