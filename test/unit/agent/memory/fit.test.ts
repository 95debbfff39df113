import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CardWorker,
  judgeFit,
  MARGIN_MIB,
  mayRunAnyway,
  roomFor,
} from '../../../../worker-agent/src/agent/memory/fit.ts';

const FLOOR = 700;
const worker = (workerId: string, more: Partial<CardWorker> = {}): CardWorker => ({
  ...{ workerId, heldMiB: FLOOR, busy: false, expectedMiB: null, floorMiB: FLOOR },
  ...more,
});
const me = worker('me');

describe('whether a job fits', () => {
  test.each<
    [string, number | null, number | null, CardWorker[], ReturnType<typeof judgeFit>['kind'], object]
  >([
    [
      'an unknown kind is assumed to fit',
      null,
      0,
      [me, worker('b', { busy: true })],
      'fits',
      { why: 'need-unknown' },
    ],
    [
      'an unknown card holds nobody back',
      50_000,
      null,
      [me, worker('b', { busy: true })],
      'fits',
      { why: 'card-unknown' },
    ],
    ['enough is free', 20_000, 30_000, [me, worker('b', { busy: true })], 'fits', { why: 'room' }],
    [
      'its own models count as room',
      20_000,
      5000,
      [worker('me', { heldMiB: 16_000 }), worker('b', { busy: true })],
      'fits',
      { why: 'room' },
    ],
    [
      'too little',
      20_000,
      10_000,
      [me, worker('b', { busy: true, heldMiB: 60_000 })],
      'too-little',
      { roomMiB: 10_700 },
    ],
    [
      'what a neighbour is still expected to load is taken off',
      ...([40_000, 80_000] as const),
      [me, worker('b', { busy: true, heldMiB: 2000, expectedMiB: 50_000 })],
      ...(['too-little', { roomMiB: 32_700 }] as const),
    ],
    [
      'a neighbour that holds more than expected takes nothing off',
      ...([40_000, 50_000] as const),
      [me, worker('b', { busy: true, heldMiB: 20_000, expectedMiB: 10_000 })],
      ...(['fits', { why: 'room' }] as const),
    ],
    [
      'idle neighbours unload, as few as will do, the fullest first',
      ...([30_000, 10_000] as const),
      [me, worker('b', { heldMiB: 8000 }), worker('c', { heldMiB: 30_000 }), worker('d', { busy: true })],
      ...(['after-freeing', { workers: ['c'], alone: false }] as const),
    ],
    [
      'unloading that would not help is left alone',
      ...([60_000, 10_000] as const),
      [me, worker('b', { heldMiB: 8000 }), worker('d', { busy: true })],
      ...(['too-little', {}] as const),
    ],
    [
      'a job that has the card to itself runs, however little there is',
      90_000,
      1000,
      [me, worker('b')],
      'fits',
      { why: 'alone' },
    ],
    [
      'a job that has the card to itself makes what room it can',
      ...([90_000, 1000] as const),
      [me, worker('b', { heldMiB: 9000 })],
      ...(['after-freeing', { workers: ['b'], alone: true }] as const),
    ],
    [
      'what a neighbour holds is unknown',
      20_000,
      30_000,
      [me, worker('b', { busy: true, heldMiB: null, expectedMiB: 5000 })],
      'fits',
      {},
    ],
  ])('%s', (_, need, freeMiB, workers, kind, more) => {
    expect(judgeFit(need, 'me', { freeMiB, workers })).toMatchObject({ kind, ...more });
  });

  test('the margin is kept', () => {
    const at = (freeMiB: number) =>
      judgeFit(10_000, 'me', { freeMiB, workers: [me, worker('b', { busy: true })] }).kind;
    expect(at(10_000 - FLOOR + MARGIN_MIB)).toBe('fits');
    expect(at(10_000 - FLOOR + MARGIN_MIB - 1)).toBe('too-little');
  });
});

const anyWorker = (workerId: string) =>
  fc.record({
    workerId: fc.constant(workerId),
    heldMiB: fc.option(fc.nat(80_000)),
    busy: fc.boolean(),
    expectedMiB: fc.option(fc.nat(80_000)),
    floorMiB: fc.constant(FLOOR),
  });
const anyCard = fc.record({
  freeMiB: fc.option(fc.nat(80_000)),
  workers: fc.tuple(anyWorker('me'), anyWorker('b'), anyWorker('c')),
});

describe('for any card', () => {
  test('a job never waits on a card where nothing else runs', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(200_000)), anyCard, (need, card) => {
        const workers = card.workers.map((one) => ({ ...one, busy: false }));
        expect(mayRunAnyway(judgeFit(need, 'me', { ...card, workers }))).toBe(true);
      }),
    );
  });

  test('a smaller need fits wherever a larger one does', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), anyCard, (need, less, card) => {
        fc.pre(judgeFit(need + less, 'me', card).kind === 'fits');
        expect(judgeFit(need, 'me', card).kind).toBe('fits');
      }),
    );
  });

  test('two jobs that were both let in by their needs fit the card together', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(60_000), fc.nat(80_000), (first, second, freeMiB) => {
        const idle = { freeMiB, workers: [worker('me', { heldMiB: 0 }), worker('b', { heldMiB: 0 })] };
        fc.pre(judgeFit(first, 'b', idle).kind === 'fits' && first + MARGIN_MIB <= freeMiB);
        const begun = {
          freeMiB,
          workers: [idle.workers[0] ?? me, worker('b', { heldMiB: 0, busy: true, expectedMiB: first })],
        };
        if (judgeFit(second, 'me', begun).kind === 'fits')
          expect(first + second).toBeLessThanOrEqual(freeMiB);
        expect(roomFor('me', begun)).toBe(freeMiB - first);
      }),
    );
  });
});
