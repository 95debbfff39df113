import { expect, test } from 'vitest';
import type { LogLine } from '../../../src-main/api/types.ts';
import { isGap, LogBuffer } from '../../../src-renderer/features/logs/log-buffer.ts';
import { asText, excerpt, partsOf } from '../../../src-renderer/features/logs/log-words.ts';

const line = (seq: number, more: Partial<LogLine> = {}): LogLine => ({
  ...{ seq, at: 0, came: false, level: 'info', text: `line ${seq}`, cut: 0, hidden: 0 },
  ...more,
});
const seqs = (buffer: LogBuffer) => buffer.shown.map((row) => (isGap(row) ? -row.gap : row.seq));

test('a jump of the numbers is a gap, what stands already is not taken twice, another tail begins anew', () => {
  const buffer = new LogBuffer();
  buffer.add({ tail: 'a', lines: [line(5), line(6)] });
  buffer.add({ tail: 'a', lines: [line(5), line(6), line(7), line(10)] });
  expect(seqs(buffer)).toEqual([5, 6, 7, -2, 10]);
  buffer.add({ tail: 'b', lines: [line(0)] });
  expect(seqs(buffer)).toEqual([0]);
});

test('levels and search choose rows, of those that stand and of those that come', () => {
  const buffer = new LogBuffer();
  const levels = ['debug', 'info', 'warn', 'error', 'note'] as const;
  buffer.add({ tail: 'a', lines: levels.map((level, seq) => line(seq, { level })) });
  buffer.want({ least: 'warn', search: '' });
  expect(seqs(buffer)).toEqual([2, 3, 4]);
  buffer.want({ least: 'all', search: 'find me' });
  buffer.add({ tail: 'a', lines: [line(5, { text: 'please FIND me' }), line(6)] });
  expect(seqs(buffer)).toEqual([4, 5]);
  buffer.want({ least: 'all', search: '' });
  expect(seqs(buffer)).toHaveLength(7);
  expect(buffer.counts).toEqual({ debug: 1, info: 3, warn: 1, error: 1, note: 1 });
});

test('it stays bounded over any length of log, with what it counts', () => {
  const buffer = new LogBuffer();
  buffer.want({ least: 'error', search: '' });
  for (let at = 0; at < 200_000; at += 1000)
    buffer.add({
      tail: 'a',
      lines: Array.from({ length: 1000 }, (_, index) =>
        line(at + index, index === 0 ? { level: 'error', hidden: 1 } : {}),
      ),
    });
  expect(buffer.size).toBeLessThanOrEqual(51_000);
  expect(buffer.shown).toHaveLength(buffer.counts.error);
  expect(buffer.hidden).toBe(buffer.counts.error);
  expect(buffer.shown.at(-1)).toMatchObject({ seq: 199_000 });
  expect(buffer.counts.info + buffer.counts.error).toBe(buffer.size);
});

test('finds are marked where they stand, also far into a long line', () => {
  expect(partsOf('a Bb b', 'b')).toEqual([
    { text: 'a ', found: false },
    { text: 'B', found: true },
    { text: 'b', found: true },
    { text: ' ', found: false },
    { text: 'b', found: true },
  ]);
  expect(partsOf('İİ b', 'b')).toEqual([{ text: 'İİ b', found: false }]);
  const long = `${'x'.repeat(3000)}needle${'y'.repeat(900)}`;
  expect(excerpt(long, 'needle')).toContain('needle');
  expect(excerpt(long, 'needle').length).toBeLessThan(510);
  expect(excerpt(long, '')).toMatch(/^x{500}…$/);
});

test('as text: times in UTC, levels, what was cut and what is not shown', () => {
  expect(asText([line(0, { at: null, cut: 1200 }), { seq: 1, gap: 3 }, line(4, { level: 'error' })])).toBe(
    'info  line 0 … (1,200 more characters)\n… 3 lines not shown …\n1970-01-01T00:00:00.000Z error line 4\n',
  );
});
