import type { ProcessVram } from '../contract/nvidia-smi-text.ts';
import type { Gpu, WorkerVram } from '../contract/telemetry.ts';

/** Adds up per worker what its processes hold on each GPU. Processes of nobody we know are left out. */
export function vramByWorker(
  gpus: readonly Gpu[],
  processes: readonly Omit<ProcessVram, 'program'>[],
  pidsOf: ReadonlyMap<string, ReadonlySet<number>>,
): WorkerVram[] {
  const indexOf = new Map(gpus.map((gpu) => [gpu.uuid, gpu.index]));
  const sums = new Map<string, WorkerVram>();
  for (const { pid, gpuUuid, memoryMiB } of processes) {
    const gpuIndex = indexOf.get(gpuUuid);
    if (gpuIndex === undefined || memoryMiB === null) continue;
    for (const [workerId, pids] of pidsOf) {
      if (!pids.has(pid)) continue;
      const key = `${workerId}/${gpuIndex}`;
      const sum = sums.get(key) ?? { workerId, gpuIndex, memoryMiB: 0 };
      sum.memoryMiB += memoryMiB;
      sums.set(key, sum);
    }
  }
  return [...sums.values()];
}
