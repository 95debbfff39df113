import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PromptQueue, type QueueItem } from '../../../resources/demo/comfy-double/prompt-queue.ts';
import {
  dumpJson,
  floatRepr,
  type Json,
  JsonSyntaxError,
  parseJson,
} from '../../../resources/demo/comfy-double/python-json.ts';
import { pyRepr } from '../../../resources/demo/comfy-double/python-values.ts';

test('what Python wrote is read and written back byte for byte', () => {
  const text =
    '{"2": {"seed": 18446744073709551615, "cfg": 6.0, "tiny": 1e-05, "big": 1e+22, "x": NaN}, "1": [true, null, ' +
    '-Infinity, "Gr\\u00fc\\u00dfe \\u2603 \\n\\"\\\\"]}';
  expect(dumpJson(parseJson(text))).toBe(text);
});

test('any JSON text is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const again: unknown = JSON.parse(dumpJson(parseJson(text)));
      expect(again).toEqual(JSON.parse(text));
    }),
  );
});

test('any integer stays exact', () => {
  fc.assert(
    fc.property(fc.bigInt(), (value) => {
      expect(dumpJson(parseJson(String(value)))).toBe(String(value));
    }),
  );
});

test('broken JSON is refused, never accepted and never anything else', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseJson(text);
      } catch (error) {
        expect(error).toBeInstanceOf(JsonSyntaxError);
      }
    }),
  );
  expect(() => parseJson('{"a": 1,}')).toThrow(JsonSyntaxError);
  expect(() => parseJson('')).toThrow(JsonSyntaxError);
});

test.each([
  [0.1, '0.1'],
  [6, '6.0'],
  [1e16, '1e+16'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [-0, '-0.0'],
])('repr(%d) is %s', (value, text) => {
  expect(floatRepr(value)).toBe(text);
});

test('repr quotes strings as Python does', () => {
  const value: Json = new Map<string, Json>([["it's", [null, true, 'a"b', 'it\'s "x"', 'tab\t']]]);
  expect(pyRepr(value)).toBe(`{"it's": [None, True, 'a"b', 'it\\'s "x"', 'tab\\t']}`);
});

function item(number: number, promptId: string): QueueItem {
  return {
    number,
    promptId,
    prompt: new Map(),
    extraData: new Map(),
    outputsToExecute: [],
    sensitive: new Map(),
  };
}

test('the queue gives the lowest number first, whatever was deleted in between', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 50 })), fc.nat(), (numbers, victim) => {
      const queue = new PromptQueue(() => undefined);
      for (const [index, number] of numbers.entries()) queue.put(item(number, String(index)));
      const removed = numbers.length > 0 ? victim % numbers.length : -1;
      expect(queue.delete((entry) => entry.promptId === String(removed))).toBe(numbers.length > 0);
      const order: unknown[] = [];
      for (let next = queue.get(); next !== undefined; next = queue.get()) order.push(next.number);
      expect(order).toEqual(numbers.filter((_, index) => index !== removed).sort((a, b) => a - b));
    }),
  );
});
