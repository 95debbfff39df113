import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RoomView } from '../../../../src-main/api/types.ts';
import {
  FOOTER,
  GAP,
  HEADER,
  HEADING,
  LIST_GAP,
  layoutRoom,
  measure,
  messageHeight,
  PADDING_X,
  PADDING_Y,
  TILE_GAP,
} from '../../../../src-renderer/features/room/view/layout.ts';
import {
  breakGoesOn,
  breakText,
  countsText,
  emptyText,
  freshness,
  lastTurnText,
  messageLines,
  moreText,
  readinessText,
  turnText,
  withKeys,
} from '../../../../src-renderer/features/room/view/words.ts';

const wide = measure(1920, 1080);
const narrow = measure(1024, 768);
const ask = (making: number, people: number, lines = 0, code = false) => ({
  making,
  people,
  messageLines: lines,
  code,
});

describe('the layout', () => {
  test('a unit is a 1080th of the height at 16:9 and 4:3 alike', () => {
    expect(wide).toMatchObject({ unit: 1, width: 1920, height: 1080 });
    expect(narrow.width).toBeCloseTo(1440);
    expect(measure(600, 1600).width).toBe(1200);
  });

  test('few people have large names in one column, with places and ranges', () => {
    const layout = layoutRoom(wide, ask(2, 6));
    expect(layout).toMatchObject({
      kind: 'side',
      nextColumns: 1,
      numbered: true,
      ranges: true,
      peopleShown: 6,
    });
    expect(layout.nameSize).toBeGreaterThan(45);
  });

  test('the fewer there are, the larger they stand', () => {
    const sizes = [1, 5, 8, 20, 60].map((people) => layoutRoom(wide, ask(1, people)).nameSize);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    expect(sizes[0]).toBe(68);
    expect(layoutRoom(narrow, ask(1, 5)).nameSize).toBe(56);
    expect([1, 2, 3, 4, 8].map((making) => layoutRoom(wide, ask(making, 5)).tileNameSize)).toEqual([
      76, 76, 64, 54, 40,
    ]);
  });

  test('a QR code stands below few jobs in the making, large enough or not at all', () => {
    expect(layoutRoom(wide, ask(0, 6, 0, true)).codeSize).toBe(320);
    for (const making of [1, 2, 3, 4])
      for (const window of [wide, narrow]) {
        const layout = layoutRoom(window, ask(making, 12, 0, true));
        expect(layout.codeSize).toBeGreaterThanOrEqual(220);
        expect(layout.tilesShown).toBe(making);
      }
    expect(layoutRoom(wide, ask(8, 12, 0, true)).codeSize).toBe(0);
    expect(layoutRoom(wide, ask(2, 6)).codeSize).toBe(0);
  });

  test('60 people beside 8 workers all fit at 16:9; at 4:3 the rest is one row', () => {
    expect(layoutRoom(wide, ask(8, 60))).toMatchObject({ peopleShown: 60, tilesShown: 8 });
    const tight = layoutRoom(narrow, ask(8, 60));
    expect(tight.tilesShown).toBe(8);
    expect(tight.peopleShown).toBe(tight.nextColumns * tight.nextRows - 1);
    expect(tight.peopleShown).toBeGreaterThan(40);
  });

  test('whatever the window and the workshop, nothing is higher or wider than its place, and names are large', () => {
    const windows = fc.record({
      width: fc.integer({ min: 640, max: 5120 }),
      height: fc.integer({ min: 480, max: 2880 }),
    });
    const asks = fc.record({
      making: fc.integer({ min: 0, max: 40 }),
      people: fc.integer({ min: 0, max: 300 }),
      messageLines: fc.integer({ min: 0, max: 2 }),
      code: fc.boolean(),
    });
    fc.assert(
      fc.property(windows, asks, ({ width, height }, wanted) => {
        const units = measure(width, height);
        const layout = layoutRoom(units, wanted);
        const body =
          units.height - 2 * PADDING_Y - HEADER - FOOTER - 2 * GAP - messageHeight(wanted.messageLines);
        const places = layout.tilesShown + (layout.tilesShown < wanted.making ? 1 : 0);
        const tileRows = Math.ceil(places / layout.tileColumns);
        const code = layout.codeSize > 0 ? GAP + layout.codeSize : 0;
        const making = HEADING + tileRows * (layout.tileHeight + TILE_GAP) - TILE_GAP + code;
        expect(layout.codeSize).toBeLessThanOrEqual(layout.makingWidth);
        const list = HEADING + layout.nextRows * layout.rowHeight;
        const used = layout.kind === 'side' ? Math.max(making, list) : making + GAP + list;
        expect(used).toBeLessThanOrEqual(body + 0.01);

        const shown = layout.peopleShown + (layout.peopleShown < wanted.people ? 1 : 0);
        expect(shown).toBeLessThanOrEqual(layout.nextColumns * layout.nextRows);
        expect(layout.peopleShown).toBeLessThanOrEqual(wanted.people);
        expect(layout.nameSize).toBeGreaterThanOrEqual(40);
        expect(layout.tileNameSize).toBeGreaterThanOrEqual(40);
        expect(layout.nameSize * 1.22).toBeLessThanOrEqual(layout.rowHeight);
        const listWidth =
          units.width - 2 * PADDING_X - (layout.kind === 'side' ? layout.makingWidth + 64 : 0);
        expect((listWidth - (layout.nextColumns - 1) * LIST_GAP) / layout.nextColumns).toBeGreaterThanOrEqual(
          285,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

const picture: RoomView = {
  ...{
    light: false,
    title: null,
    knownAt: null,
    live: true,
    frozenAt: null,
    blank: false,
    message: '',
    breakUntil: null,
  },
  ...{ url: null, join: false, making: [], makingCount: 0, warming: 0, free: 0, noMachine: null, next: [] },
  ...{ peopleWaiting: 0, peopleWord: 'people', lastTurnBy: null, counts: null, paused: false },
};

describe('the words', () => {
  const MINUTE = 60_000;
  const range = (from: number, middle: number, to: number) =>
    ({ kind: 'range', from: from * MINUTE, middle: middle * MINUTE, to: to * MINUTE, guess: false }) as const;

  test.each([
    [range(8.6, 11, 13.2), 'range', '8–14 min'],
    [range(8.6, 11, 13.2), 'about', '≈ 11 min'],
    [range(8.6, 11, 13.2), 'short', '11'],
    [range(0, 0.2, 3), 'range', 'next'],
    [range(0, 0.7, 1), 'range', '≈ 1 min'],
    [range(60, 119, 150), 'range', '≈ 2 h'],
    [range(60, 92, 150), 'short', '1½ h'],
    [range(-9, -5, -1), 'range', 'next'],
    [{ kind: 'held' }, 'about', 'on hold'],
    [null, 'range', ''],
  ] as const)('%j as %s: %s', (turn, form, text) => expect(turnText(turn, 0, form)).toBe(text));

  test('those without a row learn when the last of them comes', () => {
    expect(lastTurnText(18 * MINUTE, 0, 'about')).toBe('up to 18 min');
    expect(lastTurnText(18 * MINUTE, 0, 'short')).toBe('to 18');
    expect(lastTurnText(null, 0, 'short')).toBe('');
  });

  test('who has no row is counted in the word of the workshop', () => {
    expect(moreText(12, 'artists')).toBe('12 more artists');
    expect(moreText(1, 'artists')).toBe('1 more artist');
    expect(moreText(1, 'people')).toBe('1 more person');
  });

  test('"starts at once" is promised only of now, while a worker is free and nobody waits', () => {
    const empty = {
      ...{ knownAt: 0, frozenAt: null, noMachine: null, paused: false, peopleWaiting: 0, free: 2 },
      ...{ warming: 0, makingCount: 0 },
    };
    const say = (change: Partial<RoomView>, old = false) =>
      emptyText({ ...picture, ...empty, ...change }, old, 180_000);
    expect(say({})).toBe('Nothing at the moment. Send something: it starts at once.');
    for (const change of [{ peopleWaiting: 12 }, { frozenAt: 1 }])
      expect(say(change)).toBe('Nothing at the moment.');
    expect(say({}, true)).toBe('Nothing when last seen.');
    expect(say({ paused: true })).toBe('Nothing at the moment: the queue is paused.');
    expect(say({ free: 0, warming: 1 })).toBe('Nothing yet: the machines are warming up.');
    expect(say({ noMachine: { heardAt: 0 } })).toBe('No machine is ready, last heard 3 min ago.');
    expect(say({ noMachine: { heardAt: null } })).toBe('No machine is ready.');
    const aside = (change: Partial<RoomView>) => readinessText({ ...picture, ...empty, ...change });
    expect(aside({ warming: 1 })).toBe('1 warming up · 2 free');
    expect(aside({ noMachine: { heardAt: 0 }, makingCount: 1 })).toBe('no machine is ready');
    expect(aside({ noMachine: { heardAt: 0 } })).toBe('');
  });

  test.each([
    [5 * MINUTE + 400, 'in 5 minutes'],
    [5 * MINUTE - 900, 'in 5 minutes'],
    [80_000, 'in a minute'],
    [59_000, 'in less than a minute'],
  ])('a break that ends in %i ms: %s', (left, text) => expect(breakText(left, 0)).toBe(text));

  test('that the machines go on is said only while it is known', () => {
    const goes = (change: Partial<RoomView>, lost = false) =>
      breakGoesOn({ ...picture, knownAt: 0, ...change }, lost, 10_000);
    expect(goes({})).toBe(' The machines go on.');
    for (const change of [
      { live: false },
      { knownAt: null },
      { paused: true },
      { noMachine: { heardAt: 0 } },
    ])
      expect(goes(change)).toBe('');
    expect(goes({}, true)).toBe('');
    expect(breakGoesOn({ ...picture, knownAt: 0 }, false, 60_000)).toBe('');
  });

  test('what was made today has its thousands apart, and a plus where there may be more', () => {
    const text = (madeToday: NonNullable<RoomView['counts']>['madeToday']) =>
      countsText(3, { waiting: 14, madeToday });
    expect(text({ count: 1000, atLeast: true })).toBe('3 making · 14 waiting · 1,000+ made today');
    expect(text({ count: 87, atLeast: false })).toBe('3 making · 14 waiting · 87 made today');
    expect(text(null)).toBe('3 making · 14 waiting');
  });

  test('an old picture says of when it is', () => {
    const noon = new Date(2026, 2, 1, 12, 0, 0).getTime();
    const picture = { knownAt: noon, live: true, frozenAt: null };
    expect(freshness(picture, false, noon + 4000)).toEqual({ word: 'Live', kind: 'live' });
    expect(freshness(picture, true, noon + 4000)).toEqual({ word: 'As of 12:00, 4 s ago', kind: 'old' });
    expect(freshness({ ...picture, live: false }, false, noon + 180_000)).toEqual({
      word: 'As of 12:00, 3 min ago',
      kind: 'old',
    });
    expect(freshness(picture, false, noon + 60_000)).toMatchObject({ kind: 'old' });
    expect(freshness({ ...picture, knownAt: null }, false, noon).kind).toBe('old');
    expect(freshness({ ...picture, frozenAt: noon }, true, noon + 60_000)).toEqual({
      word: 'Held since 12:00',
      kind: 'held',
    });
  });

  test('a long message takes two lines, and people of one name keep their own rows', () => {
    expect([
      messageLines('', 1920),
      messageLines('Lunch', 1920),
      messageLines('x'.repeat(140), 1440),
    ]).toEqual([0, 1, 2]);
    expect(withKeys([{ name: 'Anna' }, { name: 'Anna' }]).map(({ key }) => key)).toEqual([
      'Anna 1',
      'Anna 2',
    ]);
  });
});
