import type { Gpu, HostView, MachineView } from '../../../src-main/api/types.ts';
import { compareNames, nameOnHost } from '../../components/format.ts';
import { toLocal } from '../../live/clock.ts';

type MachineGpus = NonNullable<MachineView['gpus']>;

/** One GPU's newest figures, whichever word brought them. null = not known. */
export interface GpuFigures extends Pick<Gpu, 'index' | 'name' | 'powerLimitW'> {
  totalMiB: number | null;
  usedMiB: number | null;
  utilization: number | null;
  temperatureC: number | null;
  powerW: number | null;
}

/** VRAM of one card, split by who holds it, in MiB. */
export interface VramSplit {
  parts: { id: string; name: string; mib: number; hue: string }[];
  /** Used, but by none of the parts: other programs, or memory the driver does not attribute. null = not known. */
  otherMiB: number | null;
}

/** GPUs of a host: the status names them, the live frame (newer) overrides its figures. */
export function gpusOf(host: HostView): GpuFigures[] {
  return (host.status?.gpus ?? []).map((gpu) => {
    const live = host.live?.gpus.find(({ index }) => index === gpu.index);
    const newest = live ?? gpu;
    return {
      index: gpu.index,
      name: gpu.name,
      powerLimitW: gpu.powerLimitW,
      totalMiB: gpu.memoryTotalMiB,
      usedMiB: newest.memoryUsedMiB,
      utilization: newest.utilization,
      temperatureC: newest.temperatureC,
      powerW: newest.powerW,
    };
  });
}

/** When the GPU figures are from, local epoch ms: the frame's moment, else the status's. */
export function gpuFiguresAt(host: HostView, clockOffsetMs: number | null): number | null {
  return toLocal(host.live?.at ?? host.status?.at, clockOffsetMs);
}

/** By the agent's word: what each worker holds. */
export function splitOf(host: HostView, gpu: GpuFigures): VramSplit {
  const held = (host.live?.vram ?? host.status?.vram ?? []).filter(({ gpuIndex }) => gpuIndex === gpu.index);
  const parts = held
    .map(({ workerId, memoryMiB }) => ({
      ...{ id: workerId, name: nameOnHost(host.id, workerId), mib: memoryMiB },
      hue: workerHue(host, workerId),
    }))
    .sort((a, b) => compareNames(a.id, b.id));
  return { parts, otherMiB: restOf(gpu, parts) };
}

const restOf = ({ usedMiB }: GpuFigures, parts: VramSplit['parts']) =>
  usedMiB === null
    ? null
    : Math.max(
        0,
        parts.reduce((rest, { mib }) => rest - mib, usedMiB),
      );

/** GPUs of a machine as nvidia-smi tells them there. */
export function gpusOfMachine({ gpus }: MachineGpus): GpuFigures[] {
  return gpus.map((gpu) => ({
    ...gpu,
    ...{ totalMiB: gpu.memoryTotalMiB, usedMiB: gpu.memoryUsedMiB },
  }));
}

/** By nvidia-smi's word: what each program holds. Which of them are workers only their agent knows: no worker's colour. */
export function splitOfMachine({ processes }: MachineGpus, gpu: GpuFigures): VramSplit {
  const parts = processes
    .filter(({ gpuIndex }) => gpuIndex === gpu.index)
    .map(({ pid, program, memoryMiB }) => ({
      ...{ id: `process ${pid}`, name: program ?? `process ${pid}`, mib: memoryMiB, hue: 'var(--start)' },
    }));
  return { parts, otherMiB: restOf(gpu, parts) };
}

/** VRAM that a worker holds over all cards, MiB; null when nobody said. */
export function vramOfWorker(host: HostView, workerId: string): number | null {
  const held = (host.live?.vram ?? host.status?.vram ?? []).filter((part) => part.workerId === workerId);
  return held.length === 0 ? null : held.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
}

/** A worker's colour, the same on its card and in the bar: by its place among the host's workers. */
export function workerHue(host: HostView, workerId: string): string {
  const ids = (host.status?.workers ?? []).map(({ id }) => id);
  const at = ids.indexOf(workerId);
  return `var(--w${(at < 0 ? 7 : at) % 8})`;
}
