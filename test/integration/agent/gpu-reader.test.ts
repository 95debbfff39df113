import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeVramFile } from '../../../resources/demo/comfy-double/vram-file.ts';
import { cardDirectory } from '../../../resources/demo/nvidia-smi-double/card.ts';
import { setGpuFault } from '../../../resources/demo/nvidia-smi-double/faults.ts';
import { openNvidiaSmi } from '../../../worker-agent/src/gpu/nvidia-smi.ts';
import type { GpuReader, GpuReading } from '../../../worker-agent/src/gpu/roles.ts';

const DOUBLE = resolve(import.meta.dirname, '../../../resources/demo/nvidia-smi-double/nvidia-smi');
const PATIENCE_MS = 20_000;
let cards: string;
let reader: GpuReader | undefined;

beforeEach(() => {
  cards = mkdtempSync(join(tmpdir(), 'workshop-cards-'));
  mkdirSync(cardDirectory(cards, 0), { recursive: true });
  process.env.WORKSHOP_CARDS_DIR = cards;
});
afterEach(async () => {
  await reader?.close();
  reader = undefined;
  delete process.env.WORKSHOP_CARDS_DIR;
  rmSync(cards, { recursive: true, force: true, maxRetries: 5 });
});

function open(command: string[]): GpuReader {
  reader = openNvidiaSmi({ command, intervalMs: 100, retryMs: 200 });
  return reader;
}

async function reading(source: GpuReader, wanted: (reading: GpuReading) => boolean): Promise<GpuReading> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const now = source.reading();
    if (wanted(now)) return now;
    if (Date.now() > deadline) throw new Error(`last reading: ${JSON.stringify(now)}`);
    await wait(20);
  }
}

test('cards and processes are read and follow what happens', async () => {
  const source = open([DOUBLE]);
  const file = join(cardDirectory(cards, 0), 'worker-1.json');
  writeVramFile(file, { pid: process.pid, port: 8188, vramBytes: 20 * 1024 ** 3, utilisation: 90 });
  const busy = await reading(
    source,
    ({ processes, gpus }) => processes.length === 1 && (gpus[0]?.memoryUsedMiB ?? 0) > 20_000,
  );
  expect(busy.processes[0]).toMatchObject({ pid: process.pid, memoryMiB: 20_480 });
  rmSync(file);
  await reading(
    source,
    ({ processes, gpus }) => processes.length === 0 && (gpus[0]?.memoryUsedMiB ?? 9999) < 1000,
  );
});

test('[N/A] is unknown', async () => {
  setGpuFault(cards, { kind: 'not-available', fields: ['power.draw', 'utilization.gpu'] });
  const { gpus } = await reading(open([DOUBLE]), (now) => now.gpus.length > 0);
  expect(gpus[0]).toMatchObject({ powerW: null, utilization: null });
  expect(gpus[0]?.memoryUsedMiB).not.toBeNull();
});

test('a driver that stops answering takes the figures away, says why, and is asked again', async () => {
  const source = open([DOUBLE]);
  await reading(source, (now) => now.gpus.length > 0);
  setGpuFault(cards, { kind: 'mismatch' });
  const lost = await reading(source, (now) => now.error !== null);
  expect(lost.gpus).toEqual([]);
  expect(lost.error).toMatchObject({ code: 'GPU_UNREADABLE' });
  expect(lost.error?.remedy).toContain('restart the machine');
  setGpuFault(cards, { kind: 'none' });
  await reading(source, (now) => now.gpus.length > 0 && now.error === null);
});

test('no nvidia-smi at all is said with a remedy', async () => {
  const { error } = await reading(open(['/nowhere/nvidia-smi']), (now) => now.error !== null);
  expect(error?.message).toContain('/nowhere/nvidia-smi');
  expect(error?.remedy).toContain('NVIDIA_SMI');
});
