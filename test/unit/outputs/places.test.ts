import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OutputFile } from '../../../worker-agent/src/outputs/roles.ts';
import { freeNames, planPlaces } from '../../../worker-agent/src/outputs/safe-path.ts';

const owner = { userId: 'user001', jobId: 'job-1' };
const output = (filename: string, subfolder = ''): OutputFile => ({ filename, subfolder, type: 'output' });

test('files whose names become equal when made safe get different names', () => {
  const places = planPlaces(owner, [output('a\u0001b.png'), output('a\u0002b.png'), output('a_b.png')]);
  expect(places.map((place) => place.filename)).toEqual(['a_b.png', 'a_b (2).png', 'a_b (3).png']);
});

test('temp files, inputs and repetitions stay out', () => {
  const files: OutputFile[] = [
    output('a.png'),
    output('a.png'),
    { ...output('t.png'), type: 'temp' },
    { ...output('i.png'), type: 'input' },
  ];
  expect(planPlaces(owner, files).map((place) => place.filename)).toEqual(['a.png']);
});

test('free names count up before the extension', () => {
  const names = freeNames('a.b.png');
  expect([names.next().value, names.next().value, names.next().value]).toEqual([
    'a.b.png',
    'a.b (2).png',
    'a.b (3).png',
  ]);
  const [, second] = [...take(freeNames('noext'), 2)];
  expect(second).toBe('noext (2)');
});

test('any names at all: no two files share a place, none is hidden, none is too long, none leads out', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc.constantFrom('..', '../..', '/etc/passwd', '.part', 'a/../../b', '\u0000', '%2e%2e', 'é'.repeat(300)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(hostile, hostile), { maxLength: 12 }), (names) => {
      const places = planPlaces(
        owner,
        names.map(([filename, subfolder]) => output(filename, subfolder)),
      );
      const paths = places.map(({ subfolder, filename }) => `${subfolder}/${filename}`);
      expect(new Set(paths).size).toBe(paths.length);
      for (const path of paths) {
        expect(path.startsWith('user001/job-1/')).toBe(true);
        for (const step of path.split('/')) {
          expect(step).not.toMatch(/^\.|^$/);
          expect(Buffer.byteLength(step)).toBeLessThan(240);
        }
      }
    }),
  );
});

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  for (const item of items) {
    if (count-- <= 0) return;
    yield item;
  }
}
