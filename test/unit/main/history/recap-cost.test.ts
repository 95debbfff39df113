import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostRental } from '../../../../src-main/domain/capacity/capacity-settings.ts';
import { boundsOf } from '../../../../src-main/domain/history/local-day.ts';
import { type CostOptions, costsOf } from '../../../../src-main/domain/history/recap-cost.ts';
import type { HistoryRecord } from '../../../../src-main/domain/history/record.ts';
import { covered, type Span } from '../../../../src-main/domain/spans.ts';
import { idleText, rentText } from '../../../../src-renderer/features/recap/recap-words.ts';
import { endedJob, sampleAt } from '../../../support/history-day.ts';

const DAY = '2026-03-02';
const midnight = boundsOf(DAY)?.from ?? Number.NaN;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const rental = { pricePerHour: 2, currency: '€', startedAt: midnight + 10 * HOUR, endsAt: null };
const one = (change: object = {}, hostId: string | null = 'gpu-1'): HostRental => ({
  hostId,
  rental: { ...rental, ...change },
});
const kept = (change: object, hostId?: string | null): HistoryRecord => ({
  ...{ t: 'rental', at: midnight + 11 * HOUR, rental: { ...rental, ...change } },
  ...(hostId !== undefined && { hostId }),
});
const reach = (from: number, until: number): HistoryRecord => ({
  ...{ t: 'reach', from: midnight + from * HOUR, until: midnight + until * HOUR },
});
/** Ends at `end` o'clock after so many minutes. */
const ran = (end: number, minutes: number, hostId?: string | null) =>
  endedJob(midnight, end * HOUR, {
    ...{ id: `${end}/${minutes}`, workerId: `w${end}`, ranMs: minutes * MINUTE },
    ...(hostId !== undefined && { hostId }),
  });
/** It is 20:00. */
const costs = (
  records: HistoryRecord[],
  change: Partial<CostOptions> = {},
  lastKnown: number | null = null,
) =>
  costsOf(
    DAY,
    records,
    { rentals: [one()], running: [], hostOf: () => null, now: midnight + 20 * HOUR, ...change },
    lastKnown,
  );

test('comes to what it is on that day: until now, until its end, or at the price that was kept', () => {
  const amount = (...args: Parameters<typeof costs>) => costs(...args)[0]?.amount;
  const other = one({ startedAt: midnight + 30 * HOUR });
  expect(amount([])).toBe(20);
  expect(amount([], { rentals: [one({ startedAt: midnight - HOUR, endsAt: midnight + HOUR })] })).toBe(2);
  expect(amount([kept({ pricePerHour: 4 })])).toBe(20);
  expect(amount([], { rentals: [other] })).toBeUndefined();
  // Of one that is past only what was seen counts, unless its end is known.
  const past = { rentals: [other], now: midnight + 40 * HOUR };
  expect(amount([kept({ pricePerHour: 4 })], past, midnight + 12 * HOUR)).toBe(8);
});

test('time of which nothing is known is not idle: it is told apart', () => {
  // Of a day of which nothing is known, nothing is.
  expect(costs([])[0]).toMatchObject({ idle: null, unknownHours: 10 });
  expect(rentText({ costs: costs([]) }).aside).toBe('10.0 h at €2.00, idle time not known');
  // The history begins at 14:00; nobody knows what ran before.
  const late = [reach(14, 20), ran(15, 30)];
  expect(costs(late)[0]).toMatchObject({ amount: 20, idle: 11, unknownHours: 4 });
  expect(rentText({ costs: costs(late) })).toEqual({
    amount: '€20.00',
    aside: '10.0 h at €2.00, at least €11.00 of it idle, 4 h 00 min not known',
  });
  expect(idleText(costs([reach(9, 20), ran(15, 30)]))).toBe('€19.00 of it idle');
});

test('a job that still runs is not idle time, nor is one that ran over midnight', () => {
  const running = [{ hostId: 'gpu-1', span: [midnight + 19 * HOUR, midnight + 20 * HOUR] as const }];
  expect(costs([reach(9, 20)], { running })[0]?.idle).toBe(18);
  const over = endedJob(midnight, 25 * HOUR, { ranMs: 3 * HOUR });
  expect(costs([reach(9, 24), over], { now: midnight + 30 * HOUR })[0]?.idle).toBe(24);
});

test('what was watched is known without being read again; a gap in it is not', () => {
  const samples = Array.from({ length: 361 }, (_, at) => sampleAt(midnight + 10 * HOUR + at * 10_000, 3, 50));
  expect(costs(samples, { now: midnight + 12 * HOUR })[0]).toMatchObject({ idle: 2, unknownHours: 1 });
  // A sample of which the queue was not known says nothing of jobs.
  const blind = samples.map((sample) => (sample.t === 'sample' ? { ...sample, pending: null } : sample));
  expect(costs(blind, { now: midnight + 12 * HOUR })[0]).toMatchObject({ idle: null, unknownHours: 2 });
  // The last of them holds until now.
  const now = midnight + 11 * HOUR + 20_000;
  expect(costs(samples, { now })[0]?.unknownHours).toBeCloseTo(0, 9);
});

test('each host is idle by itself; what ran nobody knows where makes none of them so', () => {
  const rentals = [one(), one({ pricePerHour: 4, startedAt: midnight + 18 * HOUR }, 'gpu-2')];
  const records = [reach(9, 20), ran(19, 60, 'gpu-2'), ran(15, 120, 'gpu-1'), ran(13, 30, null)];
  expect(costs(records, { rentals })).toMatchObject([
    { hostId: 'gpu-1', amount: 20, idle: 15, unknownHours: 0.5 },
    { hostId: 'gpu-2', amount: 8, idle: 4, unknownHours: 0 },
  ]);
  expect(rentText({ costs: costs(records, { rentals }) })).toEqual({
    amount: '€28.00',
    aside: '2 GPU hosts, at least €19.00 of it idle, 30 min not known',
  });
  // A job that was kept before its host was known finds it by its worker.
  const hostOf = (worker: string | null) => (worker === 'w13' ? 'gpu-1' : null);
  expect(costs(records, { rentals, hostOf })[0]).toMatchObject({ idle: 15, unknownHours: 0 });
  // A second host that costs nothing keeps the first one no busier than it was.
  expect(costs(records)[0]).toMatchObject({ hostId: 'gpu-1', idle: 15 });
});

test('what an earlier version kept for all hosts is counted once', () => {
  const past = { rentals: [], now: midnight + 40 * HOUR };
  const until = midnight + 12 * HOUR;
  expect(costs([kept({})], past, until)).toMatchObject([{ hostId: null, amount: 4 }]);
  expect(costs([kept({}), kept({}, 'gpu-1')], past, until)).toMatchObject([{ hostId: 'gpu-1', amount: 4 }]);
  expect(costs([kept({})], { now: midnight + 12 * HOUR })).toMatchObject([{ hostId: 'gpu-1', amount: 4 }]);
  const both = [kept({}, 'gpu-1'), kept({ pricePerHour: 1 }, 'gpu-2')];
  expect(costs(both, past, until).map(({ hostId, amount }) => [hostId, amount])).toEqual([
    ['gpu-1', 4],
    ['gpu-2', 2],
  ]);
});

test('idle, busy and unknown time are the rental, whatever is known of it', () => {
  const hour = fc.integer({ min: 0, max: 24 * 12 }).map((twelfth) => twelfth / 12);
  const span = fc.tuple(hour, hour).map(([a, b]): Span => [Math.min(a, b), Math.max(a, b)]);
  fc.assert(
    fc.property(fc.array(span, { maxLength: 6 }), fc.array(span, { maxLength: 6 }), (known, jobs) => {
      const records: HistoryRecord[] = [
        ...known.map(([from, until]) => reach(from, until)),
        ...jobs.map(([from, until], at) =>
          endedJob(midnight, until * HOUR, {
            ...{ id: `j${at}`, workerId: `w${at}`, ranMs: (until - from) * HOUR },
          }),
        ),
      ];
      const [cost] = costs(records);
      if (!cost) throw new Error('no cost');
      const at = (hours: number) => midnight + hours * HOUR;
      let busy = 0;
      let idle = 0;
      for (let moment = at(10); moment < at(20); moment += 5 * MINUTE) {
        const inside = (spans: readonly Span[]) =>
          covered(
            spans.map(([from, until]) => [at(from), at(until)] as const),
            moment,
            moment + 1,
          ) > 0;
        if (!inside(known)) continue;
        if (inside(jobs)) busy += 1 / 12;
        else idle += 1 / 12;
      }
      expect((cost.idle ?? 0) / 2).toBeCloseTo(idle, 6);
      expect(cost.unknownHours).toBeCloseTo(10 - idle - busy, 6);
      if (cost.idle === null) expect(idle + busy).toBe(0);
    }),
  );
});
