import { expect, test } from 'vitest';
import { explainNodeFailure } from '../../../worker-agent/src/comfy/node-failure.ts';

const explain = (exception_type: string, exception_message: string) =>
  explainNodeFailure({
    prompt_id: 'p',
    node_id: '3',
    node_type: 'KSampler',
    exception_type,
    exception_message,
  });

test.each([
  ['torch.OutOfMemoryError', 'Allocation on device', 'OUT_OF_VRAM', true],
  ['torch.cuda.OutOfMemoryError', 'CUDA out of memory. Tried to allocate 2 GiB', 'OUT_OF_VRAM', true],
  ['RuntimeError', 'HIP out of memory.', 'OUT_OF_VRAM', true],
  [
    'RuntimeError',
    "[enforce fail at alloc_cpu.cpp:114] DefaultCPUAllocator: can't allocate memory",
    'OUT_OF_RAM',
    false,
  ],
  ['MemoryError', '', 'OUT_OF_RAM', false],
  [
    'safetensors_rust.SafetensorError',
    'Error while deserializing header: HeaderTooLarge',
    'NODE_FAILED',
    false,
  ],
  ['RuntimeError', 'mat1 and mat2 shapes cannot be multiplied (77x2048 and 768x320)', 'NODE_FAILED', false],
  ['OSError', '[Errno 28] No space left on device', 'NODE_FAILED', false],
  ['WeirdError', 'who knows', 'NODE_FAILED', false],
])('%s: %s is %s', (type, message, code, retryable) => {
  const error = explain(type, message);
  expect(error).toMatchObject({ code, retryable });
  expect(error.remedy).toBeTruthy();
  expect(error.message.startsWith('Node 3 (KSampler) failed')).toBe(true);
  expect(error.message).toContain(message);
});

test('text is trimmed: the sentence first, at most 4000 characters in all', () => {
  const { message } = explain('RuntimeError', `${'x'.repeat(50_000)}\n\n`);
  expect(message.length).toBeLessThanOrEqual(4000);
  expect(message).toMatch(/^Node 3 \(KSampler\) failed\.\nRuntimeError: xxx/);
});

test('an error without anything still makes a sentence', () => {
  expect(explainNodeFailure({ prompt_id: 'p' }).message).toBe('A node failed.\nError');
});
