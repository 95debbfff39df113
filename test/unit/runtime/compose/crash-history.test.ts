import { describe, expect, test } from 'vitest';
import {
  type Crash,
  CrashHistory,
  crashError,
} from '../../../../worker-agent/src/runtime/compose/crash-history.ts';

const MINUTE = 60_000;
const crash = (at: number, more: Partial<Crash> = {}): Crash => ({
  at,
  exitCode: 1,
  outOfMemory: false,
  wasReady: false,
  ...more,
});

test('three ends within ten minutes are a loop, the same three within an hour are not', () => {
  const close = new CrashHistory();
  const far = new CrashHistory();
  for (const n of [0, 1, 2]) {
    expect(close.isLoop(n * MINUTE)).toBe(false);
    close.add(crash(n * MINUTE));
    far.add(crash(n * 20 * MINUTE));
  }
  expect(close.isLoop(2 * MINUTE)).toBe(true);
  expect(far.isLoop(40 * MINUTE)).toBe(false);
});

test('a loop is over ten minutes after the last end, or when somebody starts it anew', () => {
  const history = new CrashHistory();
  for (const n of [0, 1, 2]) history.add(crash(n * MINUTE));
  expect(history.isLoop(13 * MINUTE)).toBe(false);
  history.clear();
  expect(history.isLoop(2 * MINUTE)).toBe(false);
});

describe('what the host reads', () => {
  const tell = (more: Partial<Crash>, loop = false, lastWords: string | null = null) => {
    const last = crash(2 * MINUTE, more);
    const recent = loop ? [crash(0), crash(MINUTE), last] : [last];
    return crashError({
      workerId: 'worker-2',
      crash: last,
      recent,
      loop,
      memoryLimitBytes: 64 * 1024 ** 3,
      lastWords,
    });
  };

  test('a single end says what happened and that it starts again', () => {
    expect(tell({ wasReady: true })).toMatchObject({
      code: 'COMFY_DIED',
      message: 'ComfyUI of worker-2 ended with exit code 1 and is started again.',
      retryable: true,
    });
    expect(tell({}).code).toBe('RUNTIME_START');
    expect(tell({ exitCode: null }).message).toContain('worker-2 ended while starting');
  });

  test('a loop says how often, within what time, and the last words', () => {
    const error = tell({ exitCode: 3 }, true, 'ModuleNotFoundError: torchsde');
    expect(error.code).toBe('RUNTIME_CRASH_LOOP');
    expect(error.message).toContain('keeps ending: 3 times within 2 min');
    expect(error.message).toContain('exit code 3 before it was ready');
    expect(error.message).toContain('“ModuleNotFoundError: torchsde”');
  });

  test('8.21 exit 137 at the container’s limit is RAM, named with its size, and never VRAM', () => {
    const error = tell({ exitCode: 137, outOfMemory: true });
    expect(error.code).toBe('OUT_OF_RAM');
    expect(error.message).toContain('needed more RAM than its limit of 64 GiB');
    expect(error.message).toContain('not VRAM');
    expect(tell({ exitCode: 137, outOfMemory: true }, true).code).toBe('OUT_OF_RAM');
  });

  test('exit 137 without the limit being hit does not blame the limit', () => {
    const error = tell({ exitCode: 137, wasReady: true });
    expect(error.code).toBe('COMFY_DIED');
    expect(error.message).toContain('not at its own RAM limit');
  });
});
