import { describe, expect, test } from 'vitest';
import {
  CONTEXT_MIB,
  createCardMemory,
  type PlacedWorker,
} from '../../../../worker-agent/src/agent/memory/card-memory.ts';
import type { ComfyStats } from '../../../../worker-agent/src/comfy/roles.ts';
import type { Gpu, WorkerVram } from '../../../../worker-agent/src/contract/telemetry.ts';

const gpu = (index: number, more: Partial<Gpu> = {}): Gpu => ({
  ...{ index, uuid: `GPU-${index}`, name: 'NVIDIA H100 80GB HBM3' },
  ...{ memoryTotalMiB: 81_559, memoryUsedMiB: 41_000, memoryFreeMiB: 40_000 },
  ...{ utilization: 0, temperatureC: 30, powerW: 70, powerLimitW: 700 },
  ...more,
});
const worker = (more: Partial<PlacedWorker> = {}): PlacedWorker => ({
  ...{ workerId: 'worker-1', gpu: '0', endpoint: 'http://127.0.0.1:8188' },
  ...more,
});
const told = (more: Partial<ComfyStats> = {}): ComfyStats => ({
  ...{ version: '0.11.0', vramTotalMiB: 80_000, vramFreeMiB: 30_000 },
  ...{ torchVramTotalMiB: 12_000, torchVramFreeMiB: 2000 },
  ...more,
});
const sense = (gpus: Gpu[], vram: WorkerVram[] = []) =>
  createCardMemory({ reading: () => ({ gpus, processes: [], error: null }), byWorker: () => vram });

describe('where nvidia-smi sees card and processes', () => {
  const memory = sense([gpu(0), gpu(1)], [{ workerId: 'worker-1', gpuIndex: 1, memoryMiB: 20_000 }]);

  test.each([
    ['an index', '1', 'GPU-1'],
    ['a UUID', 'GPU-1', 'GPU-1'],
    ['its process, where nobody said', null, 'GPU-1'],
  ])('the card is told by %s', (_, told, card) => {
    expect(memory.cardOf(worker({ gpu: told }))).toBe(card);
  });

  test('several cards and no word which: not known', () => {
    expect(memory.cardOf(worker({ workerId: 'worker-9', gpu: null }))).toBeUndefined();
  });

  test('its figures count, and ComfyUI need not be asked', () => {
    const one = worker({ gpu: '1' });
    memory.takeStats(one, told());
    expect(memory.figures('GPU-1')).toEqual({
      freeMiB: 40_000,
      totalMiB: 81_559,
      name: 'NVIDIA H100 80GB HBM3',
    });
    expect(memory.heldMiB(one)).toBe(20_000);
    expect(memory.evictableMiB(one)).toBe(20_000 - CONTEXT_MIB);
    expect(memory.needsStats(one)).toBe(false);
  });
});

describe('where ComfyUI alone can tell (contract 5.5)', () => {
  test('processes in containers: its torch figures stand in for what the worker holds', () => {
    const memory = sense([gpu(0)]);
    expect(memory.heldMiB(worker())).toBeNull();
    expect(memory.needsStats(worker())).toBe(true);
    memory.takeStats(worker(), told());
    expect(memory.heldMiB(worker())).toBe(12_000);
    expect(memory.evictableMiB(worker())).toBe(12_000);
    expect(memory.figures('GPU-0').freeMiB).toBe(40_000);
  });

  test.each<[string, Gpu[], PlacedWorker, string]>([
    ['no nvidia-smi', [], worker(), '127.0.0.1/0'],
    ['no nvidia-smi and no word which card', [], worker({ gpu: null }), '127.0.0.1/first'],
    [
      'a MIG instance: the parent’s figures are not its own',
      [gpu(0)],
      worker({ gpu: 'MIG-1' }),
      '127.0.0.1/MIG-1',
    ],
    ['a server on another machine', [gpu(0)], worker({ endpoint: 'http://10.0.0.5:8188' }), '10.0.0.5/0'],
  ])('%s', (_, gpus, one, card) => {
    const memory = sense(gpus);
    expect(memory.cardOf(one)).toBe(card);
    expect(memory.figures(card).freeMiB).toBeNull();
    memory.takeStats(one, told());
    // What torch keeps unused is not free to others.
    expect(memory.figures(card)).toEqual({ freeMiB: 28_000, totalMiB: 80_000, name: null });
  });

  test('the newest word on the card counts, and a server that does not answer leaves it standing', async () => {
    const memory = sense([]);
    const other = worker({ workerId: 'worker-2' });
    memory.takeStats(worker(), told());
    await memory.fetchStats(other, { stats: async () => told({ vramFreeMiB: 10_000, torchVramFreeMiB: 0 }) });
    expect(memory.figures('127.0.0.1/0').freeMiB).toBe(10_000);
    await memory.fetchStats(worker(), { stats: () => Promise.reject(new Error('stalled')) });
    expect(memory.figures('127.0.0.1/0').freeMiB).toBe(10_000);
    expect(memory.heldMiB(worker())).toBe(12_000);
  });

  test('[N/A] of the driver is not zero', () => {
    const memory = sense([gpu(0, { memoryFreeMiB: null })]);
    expect(memory.figures('GPU-0').freeMiB).toBeNull();
    memory.takeStats(worker(), told());
    expect(memory.figures('GPU-0').freeMiB).toBe(28_000);
  });

  test('a cpu device has no VRAM', () => {
    const memory = sense([]);
    const none = { vramTotalMiB: null, vramFreeMiB: null, torchVramTotalMiB: null, torchVramFreeMiB: null };
    memory.takeStats(worker(), told(none));
    expect(memory.figures('127.0.0.1/0').freeMiB).toBeNull();
    expect(memory.heldMiB(worker())).toBeNull();
  });
});
