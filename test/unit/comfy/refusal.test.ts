import fc from 'fast-check';
import { expect, test } from 'vitest';
import { droppedOutputs, explainRefusal, nodeErrorsSchema } from '../../../worker-agent/src/comfy/refusal.ts';

const refuse = (status: number, value: unknown) =>
  explainRefusal(status, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const lacking = (value: string) => ({
  class_type: 'UNETLoader',
  dependent_outputs: ['9'],
  errors: [
    {
      type: 'value_not_in_list',
      message: 'Value not in list',
      details: '',
      extra_info: { input_name: 'unet_name', received_value: value },
    },
  ],
});

test('a missing model outranks the other faults and names file, node and input', () => {
  const error = refuse(400, {
    error: { type: 'prompt_outputs_failed_validation', message: 'x', details: '', extra_info: {} },
    node_errors: {
      '2': {
        class_type: 'A',
        errors: [
          { type: 'required_input_missing', message: '', details: '', extra_info: { input_name: 'x' } },
        ],
      },
      '1': lacking('flux/flux2_dev.safetensors'),
    },
  });
  expect(error).toMatchObject({ code: 'WORKFLOW_MISSING_MODEL', retryable: false });
  expect(error.message).toBe(
    'Node 1 (UNETLoader) needs "flux/flux2_dev.safetensors" as unet_name, which is not on the GPU host.',
  );
});

test('many faults make a short sentence', () => {
  const node_errors = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [String(i), lacking(`${i}.safetensors`)]),
  );
  const { message } = refuse(400, { error: { type: 'prompt_outputs_failed_validation' }, node_errors });
  expect(message).toMatch(/And 295 more\.$/);
  expect(message.length).toBeLessThan(1000);
});

test('a job id that is no UUID', () => {
  expect(refuse(400, { error: { type: 'invalid_prompt_id', message: 'x' } }).message).toContain('UUID');
});

test('500 and 413 without JSON say what to do', () => {
  expect(refuse(500, '500 Internal Server Error\n\nServer got itself in trouble')).toMatchObject({
    code: 'WORKFLOW_REFUSED',
    message:
      'ComfyUI could not read the workflow (HTTP 500: 500 Internal Server Error Server got itself in trouble).',
  });
  expect(refuse(413, '').message).toContain('larger');
});

test('whatever the server says, there is a sentence, a remedy and no crash', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(400, 500),
      fc.oneof(
        fc.jsonValue(),
        fc.record({ error: fc.jsonValue(), node_errors: fc.jsonValue() }, { requiredKeys: [] }),
      ),
      (status, value) => {
        const error = refuse(status, JSON.stringify(value));
        expect(error.message.length).toBeGreaterThan(10);
        expect(error.message.length).toBeLessThanOrEqual(4000);
        expect(error.remedy).toBeTruthy();
      },
    ),
  );
});

test('a dropped output is told with its reason', () => {
  const errors = nodeErrorsSchema.parse({ '4': lacking('a.gguf') });
  expect(droppedOutputs(errors)).toEqual([
    'Output 9 was left out: Node 4 (UNETLoader) has unet_name = "a.gguf", which this server does not offer.',
  ]);
});
