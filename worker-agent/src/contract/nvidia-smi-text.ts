import type { Gpu } from './telemetry.ts';

/** VRAM that one process holds on one GPU; null where the driver does not say. */
export interface ProcessVram {
  pid: number;
  /** Path of its program; null where the driver does not say. */
  program: string | null;
  gpuUuid: string;
  memoryMiB: number | null;
}

/** Fields asked for, in order (contract 6.1). */
export const GPU_FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'memory.free',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'power.limit',
] as const;

/** Fields asked for of each process that computes, in order. */
export const PROCESS_FIELDS = ['pid', 'process_name', 'gpu_uuid', 'used_gpu_memory'] as const;

/** What one line of the GPU query says; undefined when the line is no such answer (an error text, say). */
export function parseGpuLine(line: string): Gpu | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  // A product name with a comma would widen the middle; numbers are counted from the end.
  if (cells.length < GPU_FIELDS.length) return undefined;
  const [index, uuid] = [number(cells[0]), text(cells[1])];
  if (index === null || !Number.isInteger(index) || index < 0) return undefined;
  const tail = cells.slice(-7).map(number);
  const [total, used, free, utilization, temperature, power, limit] = tail;
  return {
    index,
    uuid,
    name: text(cells.slice(2, -7).join(', ')),
    memoryTotalMiB: positive(total),
    memoryUsedMiB: positive(used),
    memoryFreeMiB: positive(free),
    utilization: utilization == null ? null : Math.min(100, Math.max(0, utilization)),
    temperatureC: temperature ?? null,
    powerW: positive(power),
    powerLimitW: positive(limit),
  };
}

/**
 * What one line of the query of processes says. The name may hold commas, so the line is read from both ends
 * (contract 6.1). A line of the GPU query is none.
 */
export function parseProcessLine(line: string): ProcessVram | undefined {
  const cells = line.split(',').map((cell) => cell.trim());
  if (cells.length < 4) return undefined;
  const pid = number(cells[0]);
  const gpuUuid = cells.at(-2);
  if (pid === null || !Number.isInteger(pid) || pid <= 0 || !gpuUuid) return undefined;
  // The last but one of a card is a figure.
  if (text(gpuUuid) === null || /^\d/.test(gpuUuid)) return undefined;
  return {
    pid,
    program: text(cells.slice(1, -2).join(', ')),
    gpuUuid,
    memoryMiB: positive(number(cells.at(-1))),
  };
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `N/A` … all mean that the driver does not say. */
function number(cell: string | undefined): number | null {
  return cell !== undefined && /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : null;
}

function text(cell: string | undefined): string | null {
  return !cell || /^(\[.*\]|N\/A)$/.test(cell) ? null : cell;
}

function positive(value: number | null | undefined): number | null {
  return value == null || value < 0 ? null : value;
}
