import { describe, expect, test } from 'vitest';
import { parseGpuLine, parseProcessLine } from '../../../worker-agent/src/contract/nvidia-smi-text.ts';
import { isGpuBusy } from '../../../worker-agent/src/gpu/gpu-busy.ts';
import { vramByWorker } from '../../../worker-agent/src/gpu/worker-vram.ts';

describe('nvidia-smi lines (contract 6.1)', () => {
  test('a full line', () => {
    expect(
      parseGpuLine('0, GPU-1b2c, NVIDIA H100 80GB HBM3, 81559, 40213, 40800, 87, 54, 412.33, 700.00'),
    ).toEqual({
      index: 0,
      uuid: 'GPU-1b2c',
      name: 'NVIDIA H100 80GB HBM3',
      memoryTotalMiB: 81_559,
      memoryUsedMiB: 40_213,
      memoryFreeMiB: 40_800,
      utilization: 87,
      temperatureC: 54,
      powerW: 412.33,
      powerLimitW: 700,
    });
  });

  test.each([
    '[N/A]',
    '[Not Supported]',
    '[Unknown Error]',
    '[GPU is lost]',
    '[Insufficient Permissions]',
    'N/A',
    '',
  ])('%j is unknown, never zero', (cell) => {
    const line = `1, ${cell}, ${cell}, ${Array.from({ length: 7 }, () => cell).join(', ')}`;
    const gpu = parseGpuLine(line);
    expect(gpu?.index).toBe(1);
    for (const [key, value] of Object.entries(gpu ?? {})) if (key !== 'index') expect(value, key).toBeNull();
  });

  test('zero is zero', () => {
    expect(parseGpuLine('0, GPU-1, X, 10, 0, 10, 0, 30, 0.00, 700')).toMatchObject({
      memoryUsedMiB: 0,
      utilization: 0,
      powerW: 0,
    });
  });

  test.each([
    '',
    'No devices were found',
    'Failed to initialize NVML: Driver/library version mismatch',
    'Field "x" is not a valid field to query.',
    'NVIDIA-SMI has failed because it couldn’t communicate, with, the, driver, a, b, c, d, e, f',
  ])('%j is no card', (line) => {
    expect(parseGpuLine(line)).toBeUndefined();
  });

  test('process names may hold spaces and commas', () => {
    expect(parseProcessLine('4211, /opt/my, apps/python 3, GPU-1, 20134')).toEqual({
      pid: 4211,
      program: '/opt/my, apps/python 3',
      gpuUuid: 'GPU-1',
      memoryMiB: 20_134,
    });
    expect(parseProcessLine('4211, [Not Found], GPU-1, [N/A]')).toMatchObject({
      program: null,
      memoryMiB: null,
    });
    expect(parseProcessLine('No running processes found')).toBeUndefined();
    // Both queries may come over one channel; a card is no process, whatever its driver leaves out.
    const card = '1, GPU-1b2c, NVIDIA H100 80GB HBM3, 81559, 40213, 40800, 87, 54';
    expect(parseProcessLine(`${card}, 412.33, 700.00`)).toBeUndefined();
    expect(parseProcessLine(`${card}, [N/A], [N/A]`)).toBeUndefined();
    expect(parseProcessLine(`${card}, N/A, N/A`)).toBeUndefined();
  });
});

describe('VRAM by worker', () => {
  const gpu = (index: number, utilization: number | null) => ({
    index,
    uuid: `GPU-${index}`,
    name: null,
    memoryTotalMiB: null,
    memoryUsedMiB: null,
    memoryFreeMiB: null,
    utilization,
    temperatureC: null,
    powerW: null,
    powerLimitW: null,
  });

  test('sums the processes of each worker; strangers and unknown amounts count for nobody', () => {
    const processes = [
      { pid: 1, gpuUuid: 'GPU-0', memoryMiB: 100 },
      { pid: 2, gpuUuid: 'GPU-0', memoryMiB: 20 },
      { pid: 3, gpuUuid: 'GPU-1', memoryMiB: 7 },
      { pid: 4, gpuUuid: 'GPU-1', memoryMiB: null },
      { pid: 9, gpuUuid: 'GPU-0', memoryMiB: 999 },
    ];
    const owners = new Map([
      ['worker-1', new Set([1, 2])],
      ['worker-2', new Set([3, 4])],
    ]);
    expect(vramByWorker([gpu(0, 1), gpu(1, 1)], processes, owners)).toEqual([
      { workerId: 'worker-1', gpuIndex: 0, memoryMiB: 120 },
      { workerId: 'worker-2', gpuIndex: 1, memoryMiB: 7 },
    ]);
  });

  test('whether a card computes is unknown where the driver does not say', () => {
    expect(isGpuBusy([gpu(0, 0), gpu(1, 90)], '0')).toBe(false);
    expect(isGpuBusy([gpu(0, 0), gpu(1, 90)], 'GPU-1')).toBe(true);
    expect(isGpuBusy([gpu(0, 0), gpu(1, 90)], null)).toBe(true);
    expect(isGpuBusy([gpu(0, null)], null)).toBeNull();
    expect(isGpuBusy([], null)).toBeNull();
  });
});
