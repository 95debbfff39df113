import { describe, expect, test } from 'vitest';
import { boundsOf, dayOf } from '../../../../src-main/domain/history/local-day.ts';
import { recapOf } from '../../../../src-main/domain/history/recap.ts';
import { recapCsv } from '../../../../src-main/domain/history/recap-csv.ts';
import { endedJob, sampleAt, workshopDay } from '../../../support/history-day.ts';

const DAY = '2026-03-02';
const midnight = boundsOf(DAY)?.from ?? Number.NaN;
const HOUR = 3_600_000;
const MINUTE = 60_000;
const plain = {
  nameOf: (id: string) => id,
  ...{ rentals: [], running: [], hostOf: () => null, now: midnight + 20 * HOUR },
};
const rental = {
  pricePerHour: 2,
  currency: '€',
  startedAt: midnight + 10 * HOUR,
  endsAt: midnight + 12.5 * HOUR,
};

test('a day is a day of the calendar, and nothing else is', () => {
  expect(dayOf(midnight)).toBe(DAY);
  expect(dayOf(midnight - 1)).toBe('2026-03-01');
  for (const none of ['2026-02-30', '2026-3-2', 'yesterday', '../../etc', ''])
    expect(boundsOf(none)).toBeUndefined();
});

test('counts jobs, waits, runs and GPU time once each, by Redis’s clock brought to this one', () => {
  const jobs = [
    endedJob(midnight, 10 * HOUR, {
      ...{ id: 'a', workerId: 'worker-2', ranMs: 4 * MINUTE, waitedMs: 2 * MINUTE, offset: HOUR },
    }),
    endedJob(midnight, 11 * HOUR, { id: 'b', userId: 'user002', ranMs: MINUTE, waitedMs: 6 * MINUTE }),
    endedJob(midnight, 12 * HOUR, { id: 'c', status: 'failed', error: 'CUDA out of memory', ranMs: MINUTE }),
    endedJob(midnight, 13 * HOUR, { id: 'd', status: 'cancelled', startedAt: null }),
    // Ended at half past midnight by Redis's clock, which goes an hour ahead: that was yesterday here.
    endedJob(midnight, -HOUR / 2, { id: 'e', offset: HOUR }),
  ];
  const recap = recapOf(DAY, [...jobs, ...jobs], plain);
  expect(recap.jobs).toEqual({ completed: 2, failed: 1, cancelled: 1 });
  expect(recap.gpuMs).toBe(6 * MINUTE);
  expect(recap.waits).toEqual({ median: 2 * MINUTE, p90: 6 * MINUTE, longest: 6 * MINUTE });
  expect(recap.failures).toEqual([{ cause: 'gpu-memory', count: 1, example: 'CUDA out of memory' }]);
  expect(recap.people.map(({ userId, gpuMs }) => [userId, gpuMs])).toEqual([
    ['user001', 5 * MINUTE],
    ['user002', MINUTE],
  ]);
  expect(recap.from).toBe(midnight + 10 * HOUR - 4 * MINUTE);
  expect(recap.until).toBe(midnight + 13 * HOUR);
  expect(recap.costs).toEqual([]);
});

test('bringing files away beside the next job is nobody’s GPU time', () => {
  const end = 10 * HOUR;
  const first = endedJob(midnight, end, { id: 'a', ranMs: 10 * MINUTE });
  const next = endedJob(midnight, end + 2 * MINUTE, { id: 'b', userId: 'user002', ranMs: 5 * MINUTE });
  expect(recapOf(DAY, [first, next], plain).gpuMs).toBe(12 * MINUTE);
  const computed: [number, number] = [midnight + end - 9 * MINUTE, midnight + end - 4 * MINUTE];
  const recap = recapOf(DAY, [{ ...first, computed }, next], plain);
  expect(recap.people.map(({ userId, gpuMs }) => [userId, gpuMs / MINUTE])).toEqual([
    ['user001', 5],
    ['user002', 5],
  ]);
  expect(recap.hours.map(({ gpuMs }) => gpuMs / MINUTE)).toEqual([8, 2]);
  expect(recapCsv(recap, [{ ...first, computed }, next], 'jobs')).toContain(',300,');
});

test('hours hold what was spent in them; what nobody watched is not known', () => {
  const recap = recapOf(
    DAY,
    [
      endedJob(midnight, 11 * HOUR + 10 * MINUTE, { ranMs: 40 * MINUTE }),
      sampleAt(midnight + 11 * HOUR, 4, 50),
      sampleAt(midnight + 11 * HOUR + 5000, 9, 100),
      sampleAt(midnight + 13 * HOUR, null, null),
      sampleAt(midnight + 13 * HOUR + 5000, null, 80),
    ],
    { ...plain, rentals: [{ hostId: 'gpu-1', rental }] },
  );
  expect(recap.hours.map(({ gpuMs, peakWaiting, utilization }) => [gpuMs, peakWaiting, utilization])).toEqual(
    [
      [30 * MINUTE, null, null],
      [10 * MINUTE, 9, 75],
      [0, null, null],
      [0, null, 80],
    ],
  );
  expect(recap.busiest).toBe(midnight + 10 * HOUR);
  expect(recap.watchedMs).toBe(5000);
  expect(recap.costs[0]).toMatchObject({ amount: 5, hours: 2.5, perHour: 2, currency: '€' });
});

test('a day of which nothing is known has no times, no waits and no zero for a cost', () => {
  const recap = recapOf(DAY, [], plain);
  expect(recap).toMatchObject({ from: null, until: null, waits: null, busiest: null, costs: [], hours: [] });
});

test('tells who did what, and what agents did by themselves; what befell single jobs stands elsewhere', () => {
  const { acts } = recapOf(DAY, workshopDay(midnight), plain);
  expect(acts.map(({ from, by, kind }) => `${from} ${by} ${kind}`)).toEqual([
    'person ada@laptop desired-changed',
    'agent gpu-1 worker-started',
    'person ben@desk control-changed',
    'person ada@laptop host-act',
    'agent gpu-1 job-rescued',
  ]);
});

test('the table of acts holds all of a day, also those that the page leaves out', () => {
  const acts = Array.from({ length: 700 }, (_, at) => ({
    ...{ t: 'event' as const, offset: 0 },
    event: {
      ...{ protocol: 1, at: midnight + at * 1000, kind: 'host-act' as const, by: 'ada@laptop' },
      ...{ jobId: null, userId: null, workerId: null, message: `Cancelled job ${at}.` },
    },
  }));
  const recap = recapOf(DAY, [...acts, ...acts.slice(0, 3)], plain);
  expect(recap.acts).toHaveLength(500);
  const lines = recapCsv(recap, [...acts, ...acts.slice(0, 3)], 'acts')
    .trim()
    .split('\r\n');
  expect(lines).toHaveLength(701);
  expect(lines[1]).toContain('Cancelled job 0.');
});

describe('as a table', () => {
  const hostile = [
    '=HYPERLINK("http://evil")',
    '+1',
    '-2',
    '@SUM(A1)',
    '  =1',
    '\t=1',
    '\r\n=1',
    '＝1',
    'a,"b"\nc',
  ];
  const jobs = hostile.map((userId, at) =>
    endedJob(midnight, 9 * HOUR + at, { id: `j${at}`, userId, error: userId }),
  );
  const recap = recapOf(DAY, jobs, plain);

  test('RFC 4180: cells with commas, quotes or line ends are quoted, rows end in CR LF', () => {
    const text = recapCsv(recap, jobs, 'people');
    expect(text.startsWith('\ufeffuser,name,completed')).toBe(true);
    expect(text).toContain('"a,""b""\nc"');
    expect(parse(text)).toHaveLength(hostile.length + 1);
    expect(parse(text).every((row) => row.length === 7)).toBe(true);
  });

  test('no cell begins like a formula', () => {
    for (const table of ['people', 'jobs', 'failures', 'hours'] as const)
      for (const row of parse(recapCsv(recap, jobs, table)))
        for (const cell of row) expect(cell.trimStart()).not.toMatch(/^[=+\-@＝]/);
  });

  test('jobs stand in the order they ended, times in UTC, nothing for what is not known', () => {
    const records = workshopDay(midnight);
    const rows = parse(recapCsv(recapOf(DAY, records, plain), [...records, ...records], 'jobs'));
    expect(rows).toHaveLength(201);
    const ended = rows.slice(1).map((row) => Date.parse(row[7] ?? ''));
    expect(ended).toEqual([...ended].sort((a, b) => a - b));
    const waiting = [endedJob(midnight, HOUR, { startedAt: null, status: 'cancelled' })];
    expect(parse(recapCsv(recap, waiting, 'jobs'))[1]?.slice(6, 9)).toEqual(['', expect.any(String), '']);
  });
});

/** A plain reader of RFC 4180. */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  const body = text.replace(/^\ufeff/, '');
  for (let at = 0; at < body.length; at += 1) {
    const sign = body[at];
    if (quoted && sign === '"' && body[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (sign === '"') quoted = !quoted;
    else if (!quoted && sign === ',') {
      rows.at(-1)?.push(cell);
      cell = '';
    } else if (!quoted && sign === '\r' && body[at + 1] === '\n') {
      rows.at(-1)?.push(cell);
      cell = '';
      rows.push([]);
      at += 1;
    } else cell += sign;
  }
  return rows.slice(0, -1);
}
