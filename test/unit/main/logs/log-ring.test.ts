import { expect, test } from 'vitest';
import { createLogRing } from '../../../../src-main/domain/logs/log-ring.ts';

const line = (text: string) => ({ at: null, came: false, level: 'info' as const, text, cut: 0, hidden: 0 });

test('it keeps the newest lines, and their numbers tell what is gone or was skipped', () => {
  const ring = createLogRing({ lines: 3, characters: 1e6 });
  for (let at = 0; at < 5000; at += 1) ring.add(line(`line ${at}`));
  expect(ring.from(0, 10).map(({ seq }) => seq)).toEqual([4997, 4998, 4999]);
  ring.skip(7);
  ring.add(line('late'));
  expect(ring.next).toBe(5008);
  expect(ring.from(4999, 10).map(({ seq, text }) => [seq, text])).toEqual([
    [4999, 'line 4999'],
    [5007, 'late'],
  ]);
  expect(ring.from(4998, 1).map(({ seq }) => seq)).toEqual([4998]);
  expect(ring.from(5008, 1)).toEqual([]);
});

test('long lines do not make it grow', () => {
  const ring = createLogRing({ lines: 1000, characters: 10_000 });
  for (let at = 0; at < 100; at += 1) ring.add(line('x'.repeat(4000)));
  expect(ring.from(0, 1000)).toHaveLength(2);
});
