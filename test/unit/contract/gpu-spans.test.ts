import { expect, test } from 'vitest';
import { gpuSpans, type Stay } from '../../../worker-agent/src/contract/gpu-spans.ts';

const stay = (startedAt: number | null, completedAt: number | null, change: Partial<Stay> = {}): Stay => ({
  ...{ startedAt: startedAt && startedAt * 1000, completedAt: completedAt && completedAt * 1000 },
  workerId: 'worker-1',
  ...change,
});
const told = (from: number, until: number) => ({ computed: [from * 1000, until * 1000] as const });
const spansOf = (stays: readonly Stay[], now: number | null = null) => {
  const spans = gpuSpans(stays, () => now && now * 1000);
  return stays.map((each) => spans.get(each)?.map((ms) => ms / 1000) ?? null);
};

test('what an agent told counts, else the time from start to end', () => {
  expect(spansOf([stay(10, 60, told(15, 40)), stay(100, 130), stay(null, 200), stay(300, null)])).toEqual([
    ...[[15, 40], [100, 130], null, null],
  ]);
  expect(spansOf([stay(300, null)], 320)).toEqual([[300, 320]]);
});

test('a time that nobody told ends at the latest when the next one starts on its worker', () => {
  const elsewhere = { workerId: 'worker-2' };
  expect(spansOf([stay(10, 60), stay(40, 70), stay(50, 55, elsewhere), stay(65, 80)])).toEqual([
    ...[
      [10, 40],
      [40, 65],
      [50, 55],
      [65, 80],
    ],
  ]);
  expect(spansOf([stay(10, null), stay(40, null)], 50)).toEqual([
    ...[
      [10, 40],
      [40, 50],
    ],
  ]);
  const nobody = { workerId: null };
  expect(spansOf([stay(10, 60, nobody), stay(40, 70, nobody)])).toEqual([
    ...[
      [10, 60],
      [40, 70],
    ],
  ]);
});

test('two hosts that call a worker of theirs by one name do not cut each other short', () => {
  const shared = [stay(0, 20, told(0, 18)), stay(5, 25, told(6, 24)), stay(30, 60), stay(40, 50)];
  expect(spansOf(shared).slice(2)).toEqual([
    ...[
      [30, 60],
      [40, 50],
    ],
  ]);
});
