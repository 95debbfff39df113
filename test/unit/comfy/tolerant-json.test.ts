import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTolerantJson } from '../../../worker-agent/src/comfy/tolerant-json.ts';

test('bare NaN and Infinity become null, those inside strings stay', () => {
  expect(parseTolerantJson('{"a":NaN,"b":[Infinity,-Infinity,1],"NaN":"-Infinity \\" NaN"}')).toEqual({
    a: null,
    b: [null, null, 1],
    NaN: '-Infinity " NaN',
  });
});

test('what is JSON is parsed as JSON', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseTolerantJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('a NaN beside any JSON value does not change that value', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(parseTolerantJson(`[NaN,${text},NaN]`)).toEqual([null, JSON.parse(text), null]);
    }),
  );
});

test('what is no JSON even so is refused', () => {
  for (const text of ['', '<html>', 'NaN NaN', '{"a":NaNa}', 'Infinit'])
    expect(() => parseTolerantJson(text)).toThrow(SyntaxError);
});
