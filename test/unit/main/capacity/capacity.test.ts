import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../../src-main/app/catalogue.ts';
import { lookAround } from '../../../../src-main/domain/alerts/look.ts';
import { capacityOf } from '../../../../src-main/domain/capacity/capacity.ts';
import { capacityFactsOf } from '../../../../src-main/domain/capacity/capacity-facts.ts';
import { freshCapacitySettings } from '../../../../src-main/domain/capacity/capacity-settings.ts';
import {
  modelOfKind,
  workersForCard,
  workersForUsers,
} from '../../../../src-main/domain/capacity/catalogue.ts';
import { covered, unionOf } from '../../../../src-main/domain/spans.ts';
import type { LinkState } from '../../../../src-main/domain/workshop.ts';
import { fitWords } from '../../../../src-renderer/components/fit-words.ts';
import { money } from '../../../../src-renderer/components/format.ts';
import { rentalWords, totalWords } from '../../../../src-renderer/features/capacity/rental-words.ts';
import { fullHour } from '../../../support/capacity-states.ts';
import { gpu, host, job, worker, workshop } from '../../../support/scenarios.ts';

const NOW = new Date(2026, 10, 24, 14, 2).getTime();
const MINUTE = 60_000;
const GB = 1024;
const settings = (change = {}) => ({ ...freshCapacitySettings(), ...change });
const of = (snapshot: Parameters<typeof capacityOf>[0], change = {}) =>
  capacityOf(snapshot, settings(change), catalogue, NOW);

describe('what fits', () => {
  test('what was seen counts before the guide; the heaviest kind decides; what nobody knows is named', () => {
    const { snapshot } = fullHour(NOW);
    const one = of(snapshot).hosts['gpu-1'];
    expect(one?.kinds.map(({ kind, needMiB, basis }) => [kind, needMiB / GB, basis])).toEqual([
      ['wan2.2 text to video', 28, 'guide'],
      ['flux2 image', 25.4, 'seen'],
      ['sdxl image', 8.1, 'seen'],
    ]);
    expect(one?.unknownKinds).toEqual(['custom workflow']);
    expect(one?.counts.map(({ verdict }) => verdict)).toEqual(['fits', 'fits', 'over', 'over']);
    expect(fitWords(one, 2)).toMatchObject({
      verdict: 'fits',
      figures: '2 workers: up to about 56.6 of 80 GB, guard 70 GB',
    });
    expect(fitWords(one, 3).verdict).toBe('does not fit');
    expect(fitWords(one, 3).reason).toContain('a guess from the deployment guide');
    const facts = capacityFactsOf(() => of(snapshot));
    expect([facts.fits('gpu-1', 2), facts.fits('gpu-1', 3), facts.fits('gpu-1', 9)]).toEqual([
      true,
      false,
      null,
    ]);
  });

  test("the guard is the host's own choice, else the agent's, else the usual share of the card", () => {
    const { snapshot } = fullHour(NOW);
    expect(of(snapshot).hosts['gpu-1']).toMatchObject({ guardMiB: 70 * GB, guardFrom: 'agent' });
    const own = of(snapshot, { guardMiB: 50 * GB }).hosts['gpu-1'];
    expect(own).toMatchObject({ guardMiB: 50 * GB, guardFrom: 'console' });
    // What the workshop was set up with holds until the day's plan says otherwise, and before the agent's own.
    const setUp = (change = {}) =>
      capacityOf(snapshot, settings(change), catalogue, NOW, 60 * GB).hosts['gpu-1'];
    expect(setUp()).toMatchObject({ guardMiB: 60 * GB, guardFrom: 'workshop' });
    expect(setUp({ guardMiB: 50 * GB })).toMatchObject({ guardMiB: 50 * GB, guardFrom: 'console' });
    expect(own?.counts[1]?.verdict).toBe('tight');
    const status = snapshot.hosts['gpu-1']?.status;
    if (status) status.guardMiB = null;
    expect(of(snapshot).hosts['gpu-1']).toMatchObject({ guardMiB: 70 * GB, guardFrom: 'usual' });
  });

  test('a guard that a card can never reach would never warn: its usual share counts, and it is said', () => {
    const cards = [
      gpu(0, { memoryTotalMiB: 80 * GB, memoryUsedMiB: 78 * GB }),
      gpu(1, { memoryTotalMiB: 24 * GB, memoryUsedMiB: 22 * GB }),
    ];
    const one = host({ id: 'mixed', workers: [], gpus: cards }, NOW);
    const big = host({ id: 'big', workers: [], gpus: [cards[0] ?? gpu(0)] }, NOW);
    const { snapshot } = workshop(NOW, [one, big], []);
    const state = of(snapshot, { guardMiB: 70 * GB, guards: { big: 60 * GB } });
    expect(state.hosts.mixed).toMatchObject({
      ...{ guardMiB: 21 * GB, guardFrom: 'usual', guardTooHighMiB: 70 * GB },
      cardGuards: [
        { index: 0, guardMiB: 70 * GB },
        { index: 1, guardMiB: 21 * GB },
      ],
    });
    expect(state.hosts.big).toMatchObject({ guardMiB: 60 * GB, guardFrom: 'own', guardTooHighMiB: null });
    // Both cards are too full, and both are told of, each by its own guard.
    const { readings } = lookAround({
      ...{ snapshot, now: NOW, running: [], lastMoved: null, notKept: null, threshold: () => 1e9 },
      capacity: capacityFactsOf(() => state),
    });
    const told = readings.filter(({ rule }) => rule === 'vram-guard').map(({ key, text }) => [key, text]);
    expect(told).toEqual([
      ['vram-guard/mixed/0', expect.stringContaining('above the guard of 70 GB')],
      ['vram-guard/mixed/1', expect.stringContaining('above the guard of 21 GB')],
      ['vram-guard/big/0', expect.stringContaining('above the guard of 60 GB')],
    ]);
  });

  test('every card has a guard that can warn, whatever was set and wherever', () => {
    const mib = fc.integer({ min: 1, max: 200 * GB });
    const asked = fc.option(mib);
    fc.assert(
      fc.property(
        fc.array(mib, { minLength: 1, maxLength: 4 }),
        asked,
        asked,
        asked,
        (totals, own, day, setUp) => {
          const gpus = totals.map((memoryTotalMiB, index) => gpu(index, { memoryTotalMiB }));
          const { snapshot } = workshop(NOW, [host({ workers: [], gpus }, NOW)], []);
          const change = { guardMiB: day, guards: own === null ? {} : { 'gpu-1': own } };
          const told = capacityOf(snapshot, settings(change), catalogue, NOW, setUp).hosts['gpu-1'];
          const wanted = own ?? day ?? setUp ?? 70 * GB;
          for (const [index, total] of totals.entries()) {
            const guardMiB = told?.cardGuards[index]?.guardMiB ?? Number.NaN;
            if (wanted < total) expect(guardMiB).toBe(wanted);
            else expect(guardMiB).toBeLessThan(total);
          }
        },
      ),
    );
  });

  test('what others hold is not zero where nobody can tell it: the verdict says what it leaves out', () => {
    const idle = [worker(1, { kind: 'idle', since: NOW }), worker(2, { kind: 'idle', since: NOW })];
    const needs = [{ kind: 'sdxl image', needMiB: 20 * GB, runs: 3 }];
    const at = (usedGb: number | null, vram: Record<string, number> = {}) => {
      const gpus = [gpu(0, { memoryTotalMiB: 80 * GB, memoryUsedMiB: usedGb === null ? null : usedGb * GB })];
      const one = host({ workers: idle, gpus, vram, change: { needs } }, NOW);
      return of(workshop(NOW, [one], [job(1, 'pending', NOW, { kind: 'sdxl image' })]).snapshot);
    };
    const told = at(30, { 'worker-1': 10 }).hosts['gpu-1'];
    expect(told).toMatchObject({ otherMiB: 20 * GB, othersUnknownOn: [] });
    expect(fitWords(told, 2).verdict).toBe('fits');
    // The driver names no process: any of the 30 GB may be ours or not.
    const state = at(30);
    const blind = state.hosts['gpu-1'];
    expect(blind).toMatchObject({ otherMiB: null, othersUnknownOn: [0] });
    expect(blind?.counts.map(({ verdict, reserve }) => [verdict, reserve])).toEqual([
      ['fits', false],
      ['fits', false],
      ['fits', true],
      ['tight', true],
    ]);
    expect(fitWords(blind, 2)).toMatchObject({ tone: 'ok', verdict: 'fits' });
    expect(fitWords(blind, 3)).toMatchObject({ tone: 'off', verdict: 'may fit' });
    expect(fitWords(blind, 3).reason).toContain('without what others hold, which is not known');
    const facts = capacityFactsOf(() => state);
    expect([facts.fits('gpu-1', 2), facts.fits('gpu-1', 3), facts.fits('gpu-1', 4)]).toEqual([
      true,
      null,
      false,
    ]);
    // Nothing is known of what is in use: no number of workers is sure to fit.
    expect(at(null).hosts['gpu-1']?.counts.map(({ reserve }) => reserve)).toEqual([true, true, true, true]);
  });

  test('the last word of a host is said to be that, and nothing is promised of it', () => {
    const { snapshot } = fullHour(NOW);
    const late = (agoMs: number, change = {}) => {
      const one = snapshot.hosts['gpu-1'];
      if (!one) throw new Error('no host');
      return of({ ...snapshot, hosts: { 'gpu-1': { ...one, heardAt: NOW - agoMs, ...change } } });
    };
    expect(late(1000).hosts['gpu-1']?.word).toBe('now');
    const silent = late(60_000).hosts['gpu-1'];
    expect(silent?.word).toBe('silent');
    expect(fitWords(silent, 2)).toMatchObject({ tone: 'off', verdict: 'fits by its last word' });
    expect(fitWords(silent, 2).reason).toMatch(/^Its agent is silent; this is its last word\./);
    expect(capacityFactsOf(() => late(60_000)).fits('gpu-1', 2)).toBeNull();
    const lost: LinkState = { kind: 'lost', since: NOW, code: 'x', why: 'x', remedy: 'x', retryAt: null };
    expect(of({ ...snapshot, links: { redis: lost } }).hosts['gpu-1']?.word).toBe('unreachable');
  });

  test('before anything ran the preset decides; without one, or without a card, it is said to be unknown', () => {
    const idle = [worker(1, { kind: 'idle', since: NOW })];
    const fresh = workshop(NOW, [host({ workers: idle }, NOW)], []).snapshot;
    expect(of(fresh).hosts['gpu-1']?.counts).toEqual([]);
    expect(fitWords(of(fresh).hosts['gpu-1'], 2)).toMatchObject({ tone: 'off' });
    expect(of(fresh, { preset: 'video' }).hosts['gpu-1']?.heaviest?.kind).toBe('Wan 2.2');
    const blind = workshop(NOW, [host({ workers: idle, gpus: [gpu(0, { memoryTotalMiB: null })] }, NOW)], []);
    expect(of(blind.snapshot, { preset: 'video' }).hosts['gpu-1']?.counts).toEqual([]);
    expect(fitWords(undefined, 1).reason).toBe("The GPU's memory is not known yet.");
  });

  test('more workers never need less, on however many cards; a verdict never improves', () => {
    const rank = { fits: 0, tight: 1, over: 2 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 8, max: 200 }),
        fc.integer({ min: 1, max: 90 }),
        (cards, totalGb, needGb) => {
          const gpus = Array.from({ length: cards }, (_, index) =>
            gpu(index, { memoryTotalMiB: totalGb * GB, memoryUsedMiB: 0 }),
          );
          const needs = [{ kind: 'sdxl image', needMiB: needGb * GB, runs: 3 }];
          const one = host({ workers: [], gpus, change: { needs, maxWorkers: 8 } }, NOW);
          const { snapshot } = workshop(NOW, [one], [job(1, 'pending', NOW, { kind: 'sdxl image' })]);
          const counts = of(snapshot).hosts['gpu-1']?.counts ?? [];
          expect(counts).toHaveLength(8);
          for (const [at, count] of counts.entries()) {
            const before = counts[at - 1];
            if (!before) continue;
            expect(count.needMiB).toBeGreaterThanOrEqual(before.needMiB);
            expect(rank[count.verdict]).toBeGreaterThanOrEqual(rank[before.verdict]);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the guide', () => {
  test('its tables: people, cards, kinds', () => {
    expect([5, 12, 18, 40].map((users) => workersForUsers(catalogue, users)?.workers)).toEqual([1, 2, 3, 3]);
    expect([16, 24, 40, 80].map((gb) => workersForCard(catalogue, gb * GB))).toEqual([undefined, 1, 2, 3]);
    expect(workersForCard(catalogue, 81_559)).toBe(3);
    const kinds = [
      'wan2.2 text to video',
      'hunyuan image image',
      'hunyuan video image to video',
      'ltx2 text to video',
    ];
    expect(kinds.map((kind) => modelOfKind(catalogue, kind)?.id)).toEqual([
      'wan-2.2',
      'hunyuan-image-3',
      'hunyuan-video-i2v',
      'ltx-2',
    ]);
    expect(modelOfKind(catalogue, 'workflow')).toBeUndefined();
  });

  test('the advice is drawn to what cards and memory carry', () => {
    const { snapshot } = fullHour(NOW);
    expect(of(snapshot).advice).toBeNull();
    expect(of(snapshot, { preset: 'image', users: 18 }).advice).toEqual({
      ...{ workers: 2, byPreset: 2, byUsers: 3, byCards: 3, byMemory: 2, carried: 2, reserve: false },
      ...{ spread: [{ hostId: 'gpu-1', workers: 2 }], leftOut: [] },
    });
    expect(of(snapshot, { preset: 'video', users: 18 }).advice?.workers).toBe(1);
  });
});

describe('the rental', () => {
  const rental = { pricePerHour: 3, currency: '€', startedAt: NOW - 60 * MINUTE, endsAt: NOW + 50 * MINUTE };
  const meterOf = (snapshot: Parameters<typeof capacityOf>[0]) => of(snapshot, { rental }).rentals[0]?.meter;

  test('counts the time when a job ran once, however many ran, and the rest as idle', () => {
    const ran = (from: number, to: number, number: number) =>
      job(number, 'completed', NOW, { startedAt: NOW - from * MINUTE, completedAt: NOW - to * MINUTE });
    const jobs = [ran(90, 50, 1), ran(55, 45, 2), ran(20, 15, 3), ran(10, 8, 4)];
    const meter = meterOf(workshop(NOW, [], jobs).snapshot);
    expect(meter?.busyMs).toBe(22 * MINUTE);
    expect(meter && rentalWords(rental, meter, NOW)).toMatchObject({
      spent: '€3.00',
      idle: '€1.90',
      busyShare: 'A job was running 37 % of 60 min.',
    });
    expect(money(2.5, 'USD')).toBe('2.50 USD');
  });

  test('before the queue was read nothing is said of idle time; a lost link stops what is known at its age', () => {
    const running = job(1, 'running', NOW, { startedAt: NOW - 20 * MINUTE });
    const { snapshot } = workshop(NOW, [], [running]);
    const unread = meterOf({ ...snapshot, queueAt: null, counts: null, jobs: {} });
    expect(unread).toMatchObject({ busyMs: null, known: null, busyNow: false });
    expect(unread && rentalWords(rental, unread, NOW)).toMatchObject({
      ...{ spent: '€3.00', idle: '–' },
      busyShare: expect.stringMatching(/not known: the jobs have not been read yet/),
    });
    const lost: LinkState = { kind: 'lost', since: NOW, code: 'x', why: 'x', remedy: 'x', retryAt: null };
    const queueAt = NOW - 10 * MINUTE;
    const stale = meterOf({ ...snapshot, queueAt, links: { redis: lost } });
    expect(stale).toMatchObject({ busyMs: 10 * MINUTE, busyNow: false, live: false });
    const words = stale && rentalWords(rental, stale, NOW + 5 * MINUTE);
    expect(words?.idle).toBe('at least €2.00');
    expect(words?.busyShare).toBe(
      'A job was running 20 % of 50 min. Since 13:52 it is not known: Redis is not reached.',
    );
  });

  test('what ended before the oldest job that is listed is not taken for idle', () => {
    const ended = job(1, 'completed', NOW, {
      ...{ startedAt: NOW - 30 * MINUTE, completedAt: NOW - 20 * MINUTE },
    });
    const { snapshot } = workshop(NOW, [], [ended]);
    const counts = snapshot.counts && { ...snapshot.counts, completed: 5300 };
    const jobs = Object.fromEntries(
      Array.from({ length: 1000 }, (_, at) => [`j${at}`, { ...ended, id: `j${at}` }]),
    );
    const meter = meterOf({ ...snapshot, jobs, counts });
    expect(meter?.known?.from).toBe(NOW - 20 * MINUTE);
    expect(meter && rentalWords(rental, meter, NOW)).toMatchObject({
      idle: 'at least €1.00',
      busyShare: expect.stringMatching(/0 % of 20 min\. Of the time before 13:42 it is not known/),
    });
    // Half of the list is still on its way.
    expect(meterOf({ ...snapshot, counts })?.busyMs).toBeNull();
  });

  test('the last safe time leaves room for wait, run and delivery; without an estimate it is not known', () => {
    const { snapshot } = fullHour(NOW);
    const meter = meterOf(snapshot);
    const runMs = meter?.runMs ?? 0;
    expect(meter?.lastSafeAt).toBe(
      Math.floor((rental.endsAt - 24 * MINUTE - runMs - 2 * MINUTE) / MINUTE) * MINUTE,
    );
    expect(meter && rentalWords(rental, meter, NOW).tone).toBe('ok');
    expect(meter && rentalWords(rental, meter, (meter.lastSafeAt ?? 0) + 1)).toMatchObject({ tone: 'warn' });
    snapshot.waits = null;
    const unknown = meterOf(snapshot);
    expect(unknown?.lastSafeAt).toBeNull();
    expect(unknown && rentalWords(rental, unknown, NOW).safe).toMatch(/not known/);
  });

  describe('of several hosts', () => {
    const workerOf = (id: string) => ({ ...worker(1, { kind: 'idle', since: NOW }), id });
    const two = [
      host({ id: 'gpu-1', workers: [workerOf('gpu-1-worker-1')] }, NOW),
      host({ id: 'gpu-2', workers: [workerOf('gpu-2-worker-1')] }, NOW),
    ];
    const ran = (number: number, workerId: string, from: number, to: number) =>
      job(number, 'completed', NOW, {
        ...{ workerId, startedAt: NOW - from * MINUTE, completedAt: NOW - to * MINUTE },
      });
    const rentals = {
      'gpu-1': rental,
      'gpu-2': { ...rental, pricePerHour: 6, startedAt: NOW - 30 * MINUTE, endsAt: null },
    };

    test('each has its own price, its own end, and is idle by itself', () => {
      // A worker that is gone by now is known by the name of its kin.
      const jobs = [ran(1, 'gpu-1-worker-3', 60, 20), ran(2, 'gpu-2-worker-1', 30, 24)];
      const { rentals: meters } = of(workshop(NOW, two, jobs).snapshot, { rentals });
      expect(meters.map(({ hostId, meter }) => [hostId, meter.busyMs, meter.unsureMs])).toEqual([
        ['gpu-1', 40 * MINUTE, 0],
        ['gpu-2', 6 * MINUTE, 0],
      ]);
      const [one, other] = meters.map((each) => rentalWords(each.rental, each.meter, NOW));
      expect(one).toMatchObject({ spent: '€3.00', idle: '€1.00', end: expect.stringMatching(/^It ends at/) });
      expect(other).toMatchObject({ spent: '€3.00', idle: '€2.40', end: 'No end was entered.' });
      expect(totalWords(meters, NOW)).toEqual({ spent: '€6.00', idle: '€3.40' });
      const usd = meters.map((each) =>
        each.hostId === 'gpu-2' ? { ...each, rental: { ...each.rental, currency: 'USD' } } : each,
      );
      expect(totalWords(usd, NOW)).toEqual({ spent: '€3.00 + 3.00 USD', idle: '€1.00 + 2.40 USD' });
    });

    test('a job of which nobody can say where it ran makes no host idle, and that is said', () => {
      const jobs = [ran(1, 'worker-1', 20, 10)];
      const { rentals: meters } = of(workshop(NOW, two, jobs).snapshot, { rentals });
      expect(meters.map(({ meter }) => [meter.busyMs, meter.unsureMs])).toEqual([
        [0, 10 * MINUTE],
        [0, 10 * MINUTE],
      ]);
      const words = meters.map((each) => rentalWords(each.rental, each.meter, NOW));
      expect(words.map(({ idle }) => idle)).toEqual(['at least €2.50', 'at least €2.00']);
      expect(words[0]?.busyShare).toMatch(/Of 10 min more it is not known on which host a job ran\./);
      expect(totalWords(meters, NOW).idle).toBe('at least €4.50');
    });

    test("what was entered for all hosts together is the first one's, until that has its own", () => {
      const { snapshot } = workshop(NOW, [...two].reverse(), []);
      const whose = (change: object) =>
        of(snapshot, change).rentals.map(({ hostId, rental: { pricePerHour } }) => [hostId, pricePerHour]);
      expect(whose({ rental })).toEqual([['gpu-1', 3]]);
      expect(whose({ rental, rentals: { 'gpu-2': rentals['gpu-2'] } })).toEqual([
        ['gpu-1', 3],
        ['gpu-2', 6],
      ]);
      expect(whose({ rental: { ...rental, pricePerHour: 9 }, rentals })).toEqual([
        ['gpu-1', 3],
        ['gpu-2', 6],
      ]);
      expect(of(workshop(NOW, [], []).snapshot, { rental }).rentals[0]?.hostId).toBeNull();
    });

    test('busy and unsure time never exceed what is known, and all of a job is somewhere', () => {
      const names = fc.constantFrom('gpu-1-worker-1', 'gpu-2-worker-9', 'worker-1', 'gpu-3-worker-1');
      const one = fc.tuple(names, fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 90 }));
      fc.assert(
        fc.property(fc.array(one, { maxLength: 12 }), (all) => {
          const jobs = all.map(([workerId, a, b], at) =>
            ran(at + 1, workerId, Math.max(a, b), Math.min(a, b)),
          );
          const { rentals: meters } = of(workshop(NOW, two, jobs).snapshot, { rentals });
          for (const { hostId, meter } of meters) {
            const knownMs = meter.known ? meter.known.until - meter.known.from : 0;
            expect((meter.busyMs ?? 0) + meter.unsureMs).toBeLessThanOrEqual(knownMs);
            const own = all.some(([workerId, a, b]) => workerId.startsWith(`${hostId}-`) && a !== b);
            if (!own) expect(meter.busyMs).toBe(0);
            const strange = all.some(([workerId, a, b]) => !/^gpu-[12]/.test(workerId) && a !== b);
            if (!strange) expect(meter.unsureMs).toBe(0);
          }
        }),
      );
    });
  });

  test('covered time never exceeds the window, and order and overlap do not matter', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 300 }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (pairs) => {
        const spans = pairs.map(([start, length]): [number, number] => [start, start + length]);
        const sum = covered(spans, 100, 900);
        let counted = 0;
        for (let at = 100; at < 900; at += 1)
          if (spans.some(([from, to]) => from <= at && at < to)) counted += 1;
        expect(sum).toBe(counted);
        expect(covered([...spans].reverse(), 100, 900)).toBe(sum);
        const union = unionOf(spans, 100, 900);
        expect(union.reduce((total, [from, to]) => total + to - from, 0)).toBe(sum);
        for (const [at, [from]] of union.entries()) expect(from).toBeGreaterThan(union[at - 1]?.[1] ?? -1);
      }),
    );
  });
});
