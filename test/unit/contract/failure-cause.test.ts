import { describe, expect, test } from 'vitest';
import * as sentences from '../../../worker-agent/src/agent/job-errors.ts';
import { explainNodeFailure } from '../../../worker-agent/src/comfy/node-failure.ts';
import { explainRefusal } from '../../../worker-agent/src/comfy/refusal.ts';
import {
  causeOfFailure,
  FAILURE_CAUSES,
  failureKey,
} from '../../../worker-agent/src/contract/failure-cause.ts';

const { errorText } = sentences;
/** As lists carry it. */
const cause = (text: string) => causeOfFailure(text.slice(0, 500));
const failed = (type: string, message: string) =>
  cause(
    errorText(
      explainNodeFailure({
        ...{ prompt_id: 'p', node_id: '3', node_type: 'KSampler' },
        ...{ exception_type: type, exception_message: message },
      }),
    ),
  );
const refused = (error: object, node_errors: object = {}) =>
  cause(errorText(explainRefusal(400, Buffer.from(JSON.stringify({ error, node_errors })))));
const reason = (type: string, input_name: string, received_value: unknown) => ({
  '7': {
    class_type: 'UNETLoader',
    errors: [{ type, message: '', details: '', extra_info: { input_name, received_value } }],
  },
});

describe('what the agent says', () => {
  test('a missing model is told by its file', () => {
    const validation = { type: 'prompt_outputs_failed_validation', message: 'x', details: '' };
    const found = refused(validation, reason('value_not_in_list', 'unet_name', 'flux/flux2 dev.safetensors'));
    expect(found).toEqual({ cause: 'missing-model', about: 'flux/flux2 dev.safetensors' });
    expect(failureKey(found)).toBe('missing-model:flux/flux2 dev.safetensors');
    expect(refused(validation, reason('required_input_missing', 'x', null)).cause).toBe('refused');
  });

  test('a missing node is told by its type', () => {
    const error = { type: 'invalid_prompt', message: 'Cannot execute because node Fancy does not exist.' };
    expect(refused({ ...error, details: "Node ID '#5'" })).toEqual({ cause: 'missing-node', about: 'Fancy' });
  });

  test.each([
    ['torch.OutOfMemoryError', 'Allocation on device', 'gpu-memory', null],
    ['MemoryError', '', 'memory', null],
    ['OSError', '[Errno 28] No space left on device', 'disk-full', null],
    ['SafetensorError', 'Error while deserializing header: HeaderTooLarge', 'damaged-model', null],
    ['RuntimeError', 'mat1 and mat2 shapes cannot be multiplied', 'mismatch', null],
    ['RuntimeError', 'CUDA error: an illegal memory access', 'gpu-fault', null],
    ['FileNotFoundError', 'x.png', 'missing-input', null],
    ['WeirdError', 'who knows', 'node', 'KSampler'],
  ])('%s (%s) is %s', (type, message, expected, about) => {
    expect(failed(type, message)).toEqual({ cause: expected, about });
  });

  test('its own sentences', () => {
    const info = { code: 'COMFY_DIED', message: 'It ran out of memory.', retryable: true } as const;
    const card = { totalMiB: 81_559, freeMiB: 100, needMiB: 5, cardName: 'H100' };
    expect(cause(errorText(sentences.timedOut(3_600_000))).cause).toBe('timeout');
    expect(cause(errorText(sentences.interruptedElsewhere())).cause).toBe('interrupted');
    expect(cause(errorText(sentences.serverDiedTooOften(2, info))).cause).toBe('server-died');
    expect(cause(errorText(sentences.outOfVram({ ...info, code: 'OUT_OF_VRAM' }, card))).cause).toBe(
      'gpu-memory',
    );
    expect(cause(errorText(sentences.unusableWorkflow({ kind: 'ui' }))).cause).toBe('editor-format');
    expect(cause(errorText(sentences.unusableWorkflow({ kind: 'empty' }))).cause).toBe('refused');
  });
});

test.each([
  ['Job timeout exceeded', 'timeout', null],
  [
    "Value not in list: ckpt_name: 'sd_xl_base_1.0.safetensors' not in ['a', 'b']",
    'missing-model',
    'sd_xl_base_1.0.safetensors',
  ],
  ['CUDA out of memory. Tried to allocate 2.00 GiB', 'gpu-memory', null],
  ['Allocation on device 0 would exceed allowed memory.', 'gpu-memory', null],
  ['its job key is missing', 'unreadable', null],
  ['', 'unknown', null],
  ['<script>alert(1)</script>', 'unknown', null],
])('from elsewhere: %s', (text, expected, about) => {
  expect(cause(text)).toEqual({ cause: expected, about });
});

test('hostile texts are bounded and take no time', () => {
  const long = `needs "${'a'.repeat(300)}.safetensors" as x, which`;
  expect(cause(long).about?.length ?? 0).toBeLessThanOrEqual(200);
  for (const piece of ['Node 1 (', '"', "'", 'disk ', 'output file ', '(((('])
    expect(causeOfFailure(piece.repeat(5000)).cause in FAILURE_CAUSES).toBe(true);
  expect(causeOfFailure(null)).toEqual({ cause: 'unknown', about: null });
});
