import type { Gpu } from '../contract/telemetry.ts';

/** Utilisation above which a GPU is taken to compute, percent; displays and telemetry stay below. */
const BUSY_PERCENT = 5;

/**
 * Whether the GPU of a slot computes.
 * @param slotGpu index or UUID; null means any card of this machine.
 * @returns null when the driver does not say.
 */
export function isGpuBusy(gpus: readonly Gpu[], slotGpu: string | null): boolean | null {
  const mine = gpus.filter(
    (gpu) => slotGpu === null || String(gpu.index) === slotGpu || gpu.uuid === slotGpu,
  );
  const known = mine.flatMap((gpu) => gpu.utilization ?? []);
  return known.length === 0 ? null : known.some((percent) => percent > BUSY_PERCENT);
}
