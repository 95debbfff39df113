import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readVramDirectory, type VramFile } from '../comfy-double/vram-file.ts';

/** A fictional H100 80GB, as the driver would describe it. Memory in MiB, power in W. */
export const H100 = {
  name: 'NVIDIA H100 80GB HBM3',
  driver: '570.172.08',
  memoryTotalMiB: 81_559,
  /** Held back by the driver: total - used - free. */
  memoryReservedMiB: 546,
  /** In use with nobody on the card. */
  memoryBaseMiB: 4,
  powerLimitW: 700,
  powerIdleW: 69,
  temperatureIdleC: 31,
  temperatureFullC: 68,
} as const;

/** Directory of one card below the directory of all: the vram files of the ComfyUI doubles that compute on it. */
export function cardDirectory(root: string, index: number): string {
  return join(root, `gpu${index}`);
}

export function cardUuid(index: number): string {
  return `GPU-1b2c3d4e-5f60-7182-93a4-b5c6d7e8f9${index.toString(16).padStart(2, '0')}`;
}

export function cardBusId(index: number): string {
  return `00000000:${(0x19 + 0x22 * index).toString(16).toUpperCase().padStart(2, '0')}:00.0`;
}

/** What one look at a card gives. */
export interface CardReading {
  index: number;
  memoryUsedMiB: number;
  memoryFreeMiB: number;
  utilization: number;
  memoryUtilization: number;
  temperatureC: number;
  powerW: number;
  processes: VramFile[];
}

const warmthSchema = z.object({
  at: z.number(),
  temperatureC: z.number(),
  powerW: z.number(),
  load: z.number(),
});
type Warmth = z.infer<typeof warmthSchema>;

/** Seconds in which the difference to the steady value shrinks to a third. */
const TEMPERATURE_SECONDS = 25;
const POWER_SECONDS = 1.5;
/** The driver reports utilisation over a sampling window. */
const LOAD_SECONDS = 0.8;

/**
 * Looks at a card: memory is the sum of what its processes say, power follows the load within seconds and temperature
 * follows power more slowly. The last values are kept in a file, since each call of nvidia-smi is a process.
 */
export function readCard(root: string, index: number, now: number = Date.now()): CardReading {
  const directory = cardDirectory(root, index);
  const processes = readVramDirectory(directory);
  const held = processes.reduce((sum, one) => sum + one.vramBytes, 0) / (1024 * 1024);
  const asked = Math.min(
    100,
    processes.reduce((sum, one) => sum + one.utilisation, 0),
  );
  const warmth = warm(readWarmth(directory), asked, now);
  writeWarmth(directory, warmth);
  const most = H100.memoryTotalMiB - H100.memoryReservedMiB;
  const used = Math.min(most, H100.memoryBaseMiB + Math.round(held));
  // Wobble of a real reading; a function of time, so that it is the same for all who look at the same moment.
  const wobble = Math.sin(now / 937) * 1.5 + Math.sin(now / 2311) * 1.5;
  const busy = warmth.load > 1;
  return {
    index,
    memoryUsedMiB: used,
    memoryFreeMiB: most - used,
    utilization: busy ? clamp(Math.round(warmth.load + wobble), 0, 100) : 0,
    memoryUtilization: busy ? clamp(Math.round(warmth.load * 0.36 + wobble), 0, 100) : 0,
    temperatureC: Math.round(warmth.temperatureC),
    powerW: Math.max(0, warmth.powerW + (busy ? wobble * 4 : wobble * 0.2)),
    processes,
  };
}

/** One step of inertia from the last known values to the load that is asked now. */
export function warm(last: Warmth | undefined, load: number, now: number): Warmth {
  const before = last ?? {
    at: now - 60_000,
    temperatureC: H100.temperatureIdleC,
    powerW: H100.powerIdleW,
    load: 0,
  };
  const seconds = Math.max(0, (now - before.at) / 1000);
  const smoothed = approach(before.load, load, seconds, LOAD_SECONDS);
  const steadyPower = H100.powerIdleW + (H100.powerLimitW * 0.94 - H100.powerIdleW) * (smoothed / 100) ** 0.8;
  const powerW = approach(before.powerW, steadyPower, seconds, POWER_SECONDS);
  const share = (powerW - H100.powerIdleW) / (H100.powerLimitW - H100.powerIdleW);
  const steadyTemperature =
    H100.temperatureIdleC + (H100.temperatureFullC - H100.temperatureIdleC) * Math.max(0, share);
  return {
    at: now,
    load: smoothed,
    powerW,
    temperatureC: approach(before.temperatureC, steadyTemperature, seconds, TEMPERATURE_SECONDS),
  };
}

function approach(from: number, to: number, seconds: number, timeConstant: number): number {
  return to + (from - to) * Math.exp(-seconds / timeConstant);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

// A leading dot keeps the file out of the list of processes.
const WARMTH_FILE = '.warmth.json';

function readWarmth(directory: string): Warmth | undefined {
  try {
    return warmthSchema.safeParse(JSON.parse(readFileSync(join(directory, WARMTH_FILE), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function writeWarmth(directory: string, warmth: Warmth): void {
  const draft = join(directory, `${WARMTH_FILE}.${process.pid}.tmp`);
  try {
    writeFileSync(draft, JSON.stringify(warmth));
    renameSync(draft, join(directory, WARMTH_FILE));
  } catch {
    // The card's folder is gone; making it anew would leave it behind after a demo has cleaned up.
  }
}
