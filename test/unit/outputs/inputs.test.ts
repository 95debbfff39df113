import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  isForeignFolder,
  namedInputs,
  safeSteps,
} from '../../../worker-agent/src/outputs/inputs/named-inputs.ts';
import { rewritePrompt } from '../../../worker-agent/src/outputs/inputs/rewrite-prompt.ts';

describe('the files that a prompt names', () => {
  const named = (class_type: string, inputs: Record<string, unknown>) =>
    namedInputs({ '1': { class_type, inputs } }).map(({ path, type, certain }) => [path, type, certain]);

  test.each([
    ['LoadImage', { image: 'a.png', upload: 'image' }, [['a.png', 'input', true]]],
    ['LoadImage', { image: 'sub/a.png [input]' }, [['sub/a.png', 'input', true]]],
    ['LoadImageOutput', { image: 'a.png [output]' }, [['a.png', 'output', true]]],
    ['LoadImage', { image: 'no extension' }, [['no extension', 'input', true]]],
    ['LoadImageMask', { image: 'm.png', channel: 'alpha' }, [['m.png', 'input', true]]],
    ['LoadVideo', { file: 'v.mp4' }, [['v.mp4', 'input', true]]],
    ['LoadAudio', { audio: 'a.flac', audioUI: '' }, [['a.flac', 'input', true]]],
    ['VHS_LoadVideo', { video: 'v.mp4', force_rate: 0 }, [['v.mp4', 'input', true]]],
    ['CustomThing', { image: 'a.webp' }, [['a.webp', 'input', false]]],
    ['LoadImage', { image: 'a.png [temp]' }, []],
    ['VHS_LoadVideoPath', { video: '/data/v.mp4' }, []],
    ['LoadImageFromURL', { image: 'https://example.org/a.png' }, []],
    ['CustomThing', { image: 'https://example.org/a.png' }, []],
    ['CustomThing', { image: 'always' }, []],
    ['ImageScale', { image: ['2', 0] }, []],
    ['LoadImage', { image: '' }, []],
    ['CheckpointLoaderSimple', { ckpt_name: 'a.safetensors' }, []],
  ])('%s %j', (classType, inputs, expected) => {
    expect(named(classType, inputs)).toEqual(expected);
  });
});

test.each([
  ['a/b.png', ['a', 'b.png']],
  ['./a//b.png', ['a', 'b.png']],
  ['%2e%2e/b.png', ['%2e%2e', 'b.png']],
  ['..', undefined],
  ['a/../b', undefined],
  ['/a', undefined],
  ['a\\b', undefined],
  ['a\u0000b', undefined],
  ['', undefined],
])('steps of %j', (path, steps) => {
  expect(safeSteps(path)).toEqual(steps);
});

test('the folder of another user is told by its form', () => {
  expect(isForeignFolder('user002', 'user001')).toBe(true);
  expect(isForeignFolder('user001', 'user001')).toBe(false);
  expect(isForeignFolder('textures', 'user001')).toBe(false);
  expect(isForeignFolder('alice', 'bob')).toBe(false);
});

describe('writing other names into a prompt', () => {
  const prompt = Buffer.from(
    '{ "3": {"inputs": {"seed":18446744073709551615, "x": 8.0}, "class_type":"KSampler"},\n' +
      ' "7":{"class_type":"LoadImage","inputs":{"upload":"image", "image" : "pho\\u0074o.png"}}, "9":{"inputs":{}}}',
  );

  test('changes those literals and not a byte more', () => {
    const changed = rewritePrompt(prompt, [{ nodeId: '7', input: 'image', to: 'user001/é "x".png' }]);
    expect(changed.toString()).toBe(
      prompt.toString().replace('"pho\\u0074o.png"', JSON.stringify('user001/é "x".png')),
    );
  });

  test('without renames, or for nodes that are not there, it is the same', () => {
    expect(rewritePrompt(prompt, [])).toBe(prompt);
    expect(rewritePrompt(prompt, [{ nodeId: '8', input: 'image', to: 'x' }])).toBe(prompt);
    expect(rewritePrompt(prompt, [{ nodeId: '9', input: 'image', to: 'x' }])).toBe(prompt);
  });

  test('of equal names the last counts, as for JSON.parse', () => {
    const twice = Buffer.from('{"1":{"inputs":{"image":"a","image":"b"}}}');
    expect(rewritePrompt(twice, [{ nodeId: '1', input: 'image', to: 'c' }]).toString()).toBe(
      '{"1":{"inputs":{"image":"a","image":"c"}}}',
    );
  });

  test('any names in any prompt: it parses to exactly that change', () => {
    const name = fc.string({ minLength: 1 }).filter((it) => it !== '__proto__');
    const names = fc.dictionary(name, fc.string(), { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(names, fc.string(), (values, to) => {
        const nodes = { n: { class_type: 'LoadImage', inputs: values } };
        const input = Object.keys(values)[0];
        if (input === undefined) return;
        const changed = rewritePrompt(Buffer.from(JSON.stringify(nodes)), [{ nodeId: 'n', input, to }]);
        expect(JSON.parse(changed.toString())).toEqual({
          n: { class_type: 'LoadImage', inputs: { ...values, [input]: to } },
        });
      }),
    );
  });
});
