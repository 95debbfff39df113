import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filesOf, trimOutputs } from '../../../worker-agent/src/comfy/outputs.ts';

const file = (filename: string, more: object = {}) => ({ filename, subfolder: '', type: 'output', ...more });

test('files of every group, known or invented; flags and texts are none', () => {
  const files = filesOf({
    '1': { images: [file('a.png'), file('b.mp4')], animated: [true], text: ['a.png'] },
    '2': {
      gifs: [file('c.mp4', { format: 'video' })],
      audio: [file('d.flac')],
      '3d': [file('e.glb', { subfolder: 'm' })],
    },
    '3': {
      my_pack_files: [file('f.zip', { type: 'temp' })],
      result: ['m/e.glb', 'x/y.glb', 'just text', null],
    },
  });
  expect(
    files.map(({ group, subfolder, filename, type }) => `${group} ${subfolder}/${filename} ${type}`),
  ).toEqual([
    'images /a.png output',
    'images /b.mp4 output',
    'gifs /c.mp4 output',
    'audio /d.flac output',
    '3d m/e.glb output',
    'my_pack_files /f.zip temp',
    'result x/y.glb output',
  ]);
});

test('paths in result that lead out are no files', () => {
  expect(filesOf({ '1': { result: ['/etc/x.glb', '../x.glb', 'a/../../x.glb', '.glb/'] } })).toEqual([]);
});

test('any outputs are read without throwing, and what is trimmed fits', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (outputs) => {
      filesOf(outputs);
      expect(JSON.stringify(trimOutputs(outputs).outputs).length).toBeLessThan(600_000);
    }),
  );
});

test('reprs are cut, foreign keys stay, an enormous whole is reduced to its files', () => {
  const { outputs, warnings } = trimOutputs({
    '1': { text: ['tensor '.repeat(10_000)], odd: { deep: [1, null, true] } },
  });
  expect(JSON.stringify(outputs).length).toBeLessThan(5000);
  expect(outputs).toMatchObject({ '1': { odd: { deep: [1, null, true] } } });
  expect(warnings).toEqual([]);

  const huge = trimOutputs({
    '1': { images: [file('a.png')], numbers: Array.from({ length: 200_000 }, (_, i) => i) },
  });
  expect(huge.outputs).toEqual({ '1': { images: [file('a.png')] } });
  expect(huge.warnings).toHaveLength(1);
});
