import { describe, expect, test } from 'vitest';
import { niceTop, ticksOf } from '../../../src-renderer/components/chart-scale.ts';
import { describeLink } from '../../../src-renderer/components/describe-link.ts';
import {
  ageText,
  gigabytes,
  listText,
  spanText,
  stopwatchText,
} from '../../../src-renderer/components/format.ts';
import { jobStartText, jobStartWords } from '../../../src-renderer/components/start-words.ts';
import { checkConnection, EMPTY_FORM } from '../../../src-renderer/features/stage/check-connection.ts';
import { describeWorker } from '../../../src-renderer/features/stage/describe-worker.ts';
import {
  estimateStart,
  estimateText,
  waitsText,
} from '../../../src-renderer/features/stage/estimate-start.ts';
import type { Bucket } from '../../../src-renderer/live/history.ts';
import { busyState, progress } from '../../support/scenarios.ts';
import { NOW } from './facts.ts';

describe('figures', () => {
  test('spans, stopwatches and ages read as people say them', () => {
    expect([400, 4000, 89_000, 90_000, 3_600_000, 7_500_000].map(spanText)).toEqual([
      '0 s',
      '4 s',
      '89 s',
      '2 min',
      '60 min',
      '2 h 05 min',
    ]);
    expect(spanText(-5000)).toBe('0 s');
    expect([7000, 108_000, 3_729_000].map(stopwatchText)).toEqual(['0:07', '1:48', '1:02:09']);
    expect(ageText(NOW - 3000, NOW)).toBeUndefined();
    expect(ageText(NOW - 5000, NOW)).toBe('5 s ago');
    expect(ageText(null, NOW)).toBeUndefined();
  });

  test('unknown is a dash, never a zero', () => {
    expect(gigabytes(null)).toBe('–');
    expect(gigabytes(undefined)).toBe('–');
    expect(gigabytes(0)).toBe('0.0');
  });

  test('lists name a few and count the rest', () => {
    expect(listText([])).toBe('');
    expect(listText(['a'])).toBe('a');
    expect(listText(['a', 'b', 'c'])).toBe('a, b and c');
    expect(listText(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
  });

  test('a chart has a round top above its data', () => {
    expect([0, 3, 4, 7, 14, 81, 3927].map(niceTop)).toEqual([4, 4, 4, 8, 15, 100, 4000]);
  });
});

test('a time axis has two to four round times, whatever its length', () => {
  const minutes = (span: number) =>
    ticksOf(NOW, span * 60_000).map((at) => new Date(at).toISOString().slice(14, 16));
  for (const span of [2, 3, 5, 8, 13, 20, 30]) {
    expect(minutes(span).length, `${span} min`).toBeGreaterThanOrEqual(1);
    expect(minutes(span).length, `${span} min`).toBeLessThanOrEqual(4);
  }
  expect(minutes(30)).toEqual(['40', '50']);
});

describe('a worker in words', () => {
  const context = { progress: undefined, usualStartMs: null, clockOffsetMs: 0, held: false };

  test('busy: whose, what, how far', () => {
    const words = describeWorker(
      busyState(1, NOW, 108_000),
      { ...context, progress: progress(1, 13, 21) },
      NOW,
    );
    expect(words).toMatchObject({
      word: 'busy',
      user: 'user004',
      how: 'step 13 of 21 · 1:48',
      share: 13 / 21,
    });
  });

  test('what is brought away beside the job in hand is told', () => {
    const how = (leaving: number) =>
      describeWorker(busyState(1, NOW, 108_000), { ...context, leaving }, NOW).how;
    expect(how(0)).not.toMatch(/way/);
    expect(how(1)).toMatch(/ · 1 result on its way$/);
    expect(how(3)).toMatch(/ · 3 results on their way$/);
  });

  test('progress of the job before is not shown on this one', () => {
    const stale = { ...progress(1, 20, 20), jobId: 'another' };
    expect(describeWorker(busyState(1, NOW, 0), { ...context, progress: stale }, NOW).share).toBeNull();
  });

  test('the clock of Redis is taken into account', () => {
    const words = describeWorker(
      busyState(1, NOW + 60_000, 10_000),
      { ...context, clockOffsetMs: 60_000 },
      NOW,
    );
    expect(words.lasting).toBe('0:10');
  });

  test('a start shows its share of the usual time but never its end', () => {
    const state = { kind: 'starting', since: NOW - 100_000, note: '' } as const;
    expect(describeWorker(state, context, NOW).share).toBeNull();
    expect(describeWorker(state, { ...context, usualStartMs: 70_000 }, NOW)).toMatchObject({
      share: 0.95,
      what: 'ComfyUI is loading',
      how: '2 min so far, usually ready after 70 s',
    });
  });

  test('a failure carries its remedy', () => {
    const error = { code: 'X', message: 'it broke', remedy: 'mend it', retryable: true };
    const words = describeWorker({ kind: 'failed', since: NOW, error, retryAt: NOW + 5000 }, context, NOW);
    expect(words).toMatchObject({
      what: 'it broke',
      remedy: 'mend it',
      how: 'since 14:02, tries again in 5 s',
    });
  });
});

test('each link says its state in a few words', () => {
  const short = (link: Parameters<typeof describeLink>[1]) => describeLink('Redis', link, NOW).short;
  expect(short({ kind: 'idle' })).toBe('not set up');
  expect(short({ kind: 'connecting', since: NOW, attempt: 1 })).toBe('connecting');
  expect(short({ kind: 'ready', since: NOW, rttMs: 38.4 })).toBe('38 ms');
  expect(short({ kind: 'ready', since: NOW, rttMs: null })).toBe('connected');
  expect(short({ kind: 'degraded', since: NOW, why: 'slow', rttMs: 900 })).toBe('slow, 900 ms');
  const lost = {
    kind: 'lost',
    since: NOW,
    code: 'X',
    why: 'gone',
    remedy: 'Look.',
    retryAt: NOW + 6000,
  } as const;
  expect(short(lost)).toBe('lost, retry in 6 s');
  expect(describeLink('Redis', lost, NOW).sentence).toBe('Redis is lost since 14:02: gone. Look.');
});

describe('when a new job would start', () => {
  const buckets = (perMinute: number | null, minutes = 15): Bucket[] =>
    Array.from({ length: minutes * 8 }, (_, at) => ({
      at: at * 7500,
      pending: 0,
      running: 0,
      completedPerMinute: perMinute,
      vramMiB: {},
      utilization: {},
      samples: 1,
    }));
  const now = { pending: 14, idleWorkers: 0, upWorkers: 3, held: false };

  test('a range from the pace, wider the less was seen', () => {
    const wide = estimateStart(now, buckets(2, 4));
    const narrow = estimateStart(now, buckets(2));
    if (wide.kind !== 'range' || narrow.kind !== 'range') throw new Error('no range');
    expect(narrow.low).toBeLessThanOrEqual(15 / 2);
    expect(narrow.high).toBeGreaterThanOrEqual(15 / 2);
    expect(wide.high - wide.low).toBeGreaterThan(narrow.high - narrow.low);
    expect(estimateText(narrow)).toBe(`A new job would start in about ${narrow.low}–${narrow.high} min.`);
  });

  test('at once, never, not known', () => {
    expect(estimateStart({ ...now, pending: 0, idleWorkers: 1 }, []).kind).toBe('at-once');
    expect(estimateText(estimateStart({ ...now, held: true }, buckets(2)))).toMatch(
      /once the queue is released/,
    );
    expect(estimateStart({ ...now, upWorkers: 0 }, buckets(2)).kind).toBe('unknown');
    expect(estimateStart({ ...now, pending: null }, buckets(2)).kind).toBe('unknown');
    expect(estimateStart(now, buckets(0)).kind).toBe('unknown');
    expect(estimateStart(now, buckets(null)).kind).toBe('unknown');
    expect(estimateStart(now, []).kind).toBe('unknown');
  });
});

describe("main's own estimates", () => {
  const range = (low: number, p50: number, p90: number, guess = false) =>
    ({ kind: 'range', low, p50, p90, guess }) as const;
  const waits = (newJob: Parameters<typeof waitsText>[0]['newJob'], change = {}) => ({
    at: NOW,
    newJob,
    byJob: {
      a: range(60_000, 120_000, 300_000),
      b: range(0, 1000, 2000),
      c: { kind: 'held', what: 'user' } as const,
    },
    byUser: {},
    medianErrorMs: null,
    estimatesMade: 0,
    whatIf: [],
    ...change,
  });

  test('are said with their range, how good they were, and when they are a guess', () => {
    expect(waitsText(waits(range(540_000, 600_000, 840_000)), NOW)).toBe(
      'A new job would start in about 9–14 min.',
    );
    expect(
      waitsText(waits(range(540_000, 600_000, 840_000), { medianErrorMs: 96_000, estimatesMade: 12 }), NOW),
    ).toBe('A new job would start in about 9–14 min. Estimates today were off by 1.6 min (median).');
    expect(waitsText(waits(range(0, 0, 0)), NOW)).toBe('A new job would start at once.');
    expect(waitsText(waits(range(540_000, 600_000, 840_000, true)), NOW)).toMatch(/That is a first guess\.$/);
    expect(waitsText(waits({ kind: 'held', what: 'queue' }), NOW)).toMatch(/released/);
    expect(waitsText(waits({ kind: 'no-worker' }), NOW)).toMatch(/worker is up/);
  });

  test('age with the clock, and say nothing of jobs they do not know', () => {
    const known = waits({ kind: 'no-worker' });
    expect(jobStartText(known, 'a', NOW)).toBe('≈ 1–5 min');
    expect(jobStartText(known, 'a', NOW + 60_000)).toBe('< 4 min');
    expect(jobStartText(known, 'a', NOW + 116_000)).toBe('next');
    expect(jobStartText(known, 'b', NOW)).toBe('next');
    expect(jobStartText(known, 'c', NOW)).toBeUndefined();
    expect(jobStartText(known, 'z', NOW)).toBeUndefined();
    expect(jobStartText(null, 'a', NOW)).toBeUndefined();
    expect(jobStartText(known, 'constructor', NOW)).toBeUndefined();
  });

  test('of one job are said in words, with what it waits for and that they are a guess', () => {
    const known = waits({ kind: 'no-worker' });
    Object.assign(known.byJob, {
      g: range(540_000, 600_000, 840_000, true),
      q: { kind: 'held', what: 'queue' },
      n: { kind: 'no-worker' },
    });
    const words = (id: string, now = NOW) => jobStartWords(known, id, now);
    expect(words('a')).toBe('starts in about 1–5 min');
    expect(words('a', NOW + 60_000)).toBe('starts within 4 min');
    expect(words('g')).toBe('a guess: in 9–14 min');
    expect(words('b')).toBe('starts next');
    expect(words('c')).toBe('starts once released');
    expect(words('q')).toBe('starts once the queue goes on');
    expect(words('n')).toBe('starts once a worker is up');
    expect(words('z')).toBeUndefined();
  });
});

describe('the first-run form', () => {
  const good = { ...EMPTY_FORM, name: ' AI film workshop ', host: '100.64.0.7', password: '' };

  test('good input is trimmed; an empty password is none', () => {
    expect(checkConnection(good)).toEqual({
      kind: 'ok',
      input: { name: 'AI film workshop', host: '100.64.0.7', port: 6379, password: null, tls: false },
    });
  });

  test('all that is wrong is said at once', () => {
    const checked = checkConnection({ ...EMPTY_FORM, port: '70000' });
    expect(checked.kind === 'wrong' && Object.keys(checked.errors)).toEqual(['name', 'host', 'port']);
  });

  test.each(['redis://x', 'user@x', 'a b', 'x:6379'])('%s is not a host', (address) => {
    expect(checkConnection({ ...good, host: address }).kind).toBe('wrong');
  });

  test.each(['', '0', '65536', '6379x', '1e3'])('%j is not a port', (port) => {
    expect(checkConnection({ ...good, port }).kind).toBe('wrong');
  });

  test('an IPv6 address is a host', () => {
    expect(checkConnection({ ...good, host: 'fd7a:115c::7' }).kind).toBe('ok');
  });
});
