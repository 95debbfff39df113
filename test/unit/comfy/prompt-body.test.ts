import fc from 'fast-check';
import { expect, test } from 'vitest';
import { promptBody } from '../../../worker-agent/src/comfy/prompt-body.ts';

const ids = { clientId: 'c', promptId: 'p' };

test('the prompt stands in the body byte for byte, and the whole is JSON', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
      fc.integer({ min: 0, max: 3 }),
      (value, space) => {
        const prompt = Buffer.from(JSON.stringify(value, null, space));
        const body = promptBody({ ...ids, prompt });
        expect(body.subarray(10, 10 + prompt.length).equals(prompt)).toBe(true);
        expect(JSON.parse(String(body))).toEqual({
          prompt: JSON.parse(String(prompt)),
          client_id: 'c',
          prompt_id: 'p',
        });
      },
    ),
  );
});

test('digits beyond 2^53 and floats with .0 stay', () => {
  const prompt = Buffer.from('{"1":{"seed":18446744073709551615,"cfg":8.0,"x":1e-7}}');
  const extraPngInfo = Buffer.from('{"seed":18446744073709551614}');
  expect(String(promptBody({ ...ids, prompt, extraPngInfo }))).toBe(
    '{"prompt":{"1":{"seed":18446744073709551615,"cfg":8.0,"x":1e-7}},"client_id":"c","prompt_id":"p","extra_data":{"extra_pnginfo":{"workflow":{"seed":18446744073709551614}}}}',
  );
});

test('ids with quotes cannot break out', () => {
  const body = promptBody({ clientId: '","x":"', promptId: '\\', prompt: Buffer.from('{}') });
  expect(JSON.parse(String(body))).toEqual({ prompt: {}, client_id: '","x":"', prompt_id: '\\' });
});
