/**
 * Where things go on the room view. Sizes are units: the window is 1080 of them high (more on a tall one), 1920 wide at
 * 16:9, 1440 at 4:3. Everything has a fixed height, so that nothing can run out of the window.
 */

export interface Measures {
  /** Of the window, units. */
  width: number;
  height: number;
}

export interface RoomAsk {
  /** Jobs in the making. */
  making: number;
  /** People who wait. */
  people: number;
  /** Lines that the host's message takes, 0 to 2. */
  messageLines: number;
  /** There is an address whose QR code is wanted. */
  code: boolean;
}

export interface RoomLayout {
  /** Making beside or above the list of who is next. */
  kind: 'side' | 'top';
  /** Width of the making column (side only). */
  makingWidth: number;
  tileColumns: number;
  tileHeight: number;
  tilesShown: number;
  /** Name on a tile and in the list; never below 40. */
  tileNameSize: number;
  nextColumns: number;
  nextRows: number;
  rowHeight: number;
  nameSize: number;
  /** People with a row of their own; the others are one row, "8 more people". */
  peopleShown: number;
  /** Place numbers, how many jobs somebody has, and waits as ranges need room. */
  numbered: boolean;
  times: boolean;
  ranges: boolean;
  /** Side of the QR code below what is being made; 0 where there is no room for a useful one. */
  codeSize: number;
}

export const PADDING_X = 56;
export const PADDING_Y = 36;
export const HEADER = 84;
export const FOOTER = 52;
export const GAP = 28;
export const HEADING = 58;
export const MESSAGE_LINE = 54;
export const MESSAGE_PADDING = 32;
const COLUMN_GAP = 64;
export const LIST_GAP = 36;
export const TILE_GAP = 18;
const COMPACT_TILE = 80;
const LOWEST_TILE = 76;
/** "user009" at 40 units, a short wait, and the space between. */
const NARROWEST_COLUMN = 285;
const ROOMY_COLUMN = 440;
/** A name of the smallest size, 40, fits this. */
const DENSE_ROW = 50;
/** Rows and tiles grow up to this where there are few: what is read from 8 m is better larger than surrounded by nothing. */
const TALLEST_ROW = 112;
const TALLEST_TILE = 300;
/** Beside the code it stays lower, so that the code is large. */
const TALLEST_BESIDE_CODE = 190;

/** A QR code smaller than this is seen from the first row only; a larger one says no more. */
const CODE_MIN = 220;
const CODE_MAX = 320;
/** Tiles do not become lower than this to make room for the code. */
const LOWEST_BESIDE_CODE = 100;

/** Units of a window: one is a 1080th of its height, less where it is narrow. */
export function measure(width: number, height: number): Measures & { unit: number } {
  const unit = Math.min(height / 1080, width / 1200);
  return { unit, width: width / unit, height: height / unit };
}

export function messageHeight(lines: number): number {
  return lines === 0 ? 0 : lines * MESSAGE_LINE + MESSAGE_PADDING + GAP;
}

/** The roomiest layout that shows everybody, else the one that shows most. */
export function layoutRoom({ width, height }: Measures, ask: RoomAsk): RoomLayout {
  const body = height - 2 * PADDING_Y - HEADER - FOOTER - 2 * GAP - messageHeight(ask.messageLines);
  const inner = width - 2 * PADDING_X;
  const sides = [
    { share: 0.46, rowHeight: 82, columns: 1, narrowest: ROOMY_COLUMN },
    { share: 0.44, rowHeight: 68, columns: 1, narrowest: ROOMY_COLUMN },
    { share: 0.36, rowHeight: 60, columns: 9, narrowest: ROOMY_COLUMN },
    { share: 0.26, rowHeight: DENSE_ROW, columns: 9, narrowest: NARROWEST_COLUMN },
  ].map((choice) => side(choice, inner, body, ask));
  const candidates = [...sides, top(inner, body, ask)];
  const fitting = candidates.find(({ peopleShown }) => peopleShown >= ask.people);
  if (fitting) return fitting;
  return candidates.reduce((best, one) => (one.peopleShown > best.peopleShown ? one : best));
}

interface SideChoice {
  /** Part of the width for what is being made. */
  share: number;
  /** Lowest row. */
  rowHeight: number;
  /** Most columns of the list. */
  columns: number;
  narrowest: number;
}

function side(choice: SideChoice, inner: number, body: number, ask: RoomAsk): RoomLayout {
  const makingWidth = Math.round((inner - COLUMN_GAP) * choice.share);
  const listWidth = inner - COLUMN_GAP - makingWidth;
  const content = body - HEADING;
  const beside = tilesIn(content - CODE_MIN - GAP, 1, ask.making, TALLEST_BESIDE_CODE);
  const both = ask.code && beside.tileHeight >= LOWEST_BESIDE_CODE && beside.tilesShown === ask.making;
  const tiles = both ? beside : tilesIn(content, 1, ask.making);
  const rows = Math.max(1, ask.making);
  const left = content - rows * tiles.tileHeight - (rows - 1) * TILE_GAP - GAP;
  return {
    kind: 'side',
    makingWidth,
    tileColumns: 1,
    ...tiles,
    codeSize: both ? Math.min(CODE_MAX, makingWidth, left) : 0,
    ...listIn(listWidth, content, choice, ask.people),
  };
}

function top(inner: number, body: number, ask: RoomAsk): RoomLayout {
  const tileColumns = Math.max(1, Math.min(4, ask.making));
  const tileRows = Math.max(1, Math.min(2, Math.ceil(ask.making / tileColumns)));
  const strip = HEADING + tileRows * COMPACT_TILE + (tileRows - 1) * TILE_GAP;
  const content = body - strip - GAP - HEADING;
  const choice = { rowHeight: DENSE_ROW, columns: 9, narrowest: NARROWEST_COLUMN };
  return {
    kind: 'top',
    makingWidth: inner,
    tileColumns,
    tileHeight: COMPACT_TILE,
    tileNameSize: 40,
    codeSize: 0,
    tilesShown: shownOf(ask.making, tileColumns * tileRows),
    ...listIn(inner, content, choice, ask.people),
  };
}

/** Tiles as high as there is room for, within reason; at least a compact tile each. */
function tilesIn(content: number, columns: number, making: number, tallest = TALLEST_TILE) {
  const rows = Math.max(1, Math.ceil(making / columns));
  const most = Math.max(1, Math.floor((content + TILE_GAP) / (LOWEST_TILE + TILE_GAP)));
  const used = Math.min(rows, most);
  const tileHeight = Math.min(tallest, Math.floor((content - (used - 1) * TILE_GAP) / used));
  return { tileHeight, tileNameSize: tileNameIn(tileHeight), tilesShown: shownOf(making, used * columns) };
}

function tileNameIn(tileHeight: number): number {
  if (tileHeight >= 250) return 76;
  if (tileHeight >= 200) return 64;
  return tileHeight >= 150 ? 54 : tileHeight >= 100 ? 46 : 40;
}

function listIn(width: number, content: number, choice: Omit<SideChoice, 'share'>, people: number) {
  const mostRows = Math.max(1, Math.floor(content / choice.rowHeight));
  const mostColumns = Math.min(
    choice.columns,
    Math.max(1, Math.floor((width + LIST_GAP) / (choice.narrowest + LIST_GAP))),
  );
  const nextColumns = Math.max(1, Math.min(mostColumns, Math.ceil(people / mostRows)));
  const peopleShown = shownOf(people, mostRows * nextColumns);
  // Columns of one length, and rows as high as that allows.
  const nextRows = Math.max(1, Math.min(mostRows, Math.ceil(people / nextColumns)));
  const rowHeight = Math.min(TALLEST_ROW, Math.floor(content / nextRows));
  const columnWidth = (width - (nextColumns - 1) * LIST_GAP) / nextColumns;
  return {
    nextColumns,
    nextRows,
    rowHeight,
    nameSize: nameSizeIn(rowHeight, columnWidth),
    peopleShown,
    numbered: columnWidth >= 440,
    times: columnWidth >= 460,
    ranges: columnWidth >= 480,
  };
}

function nameSizeIn(rowHeight: number, columnWidth: number): number {
  if (rowHeight >= 104 && columnWidth >= 900) return 68;
  if (rowHeight >= 92 && columnWidth >= 640) return 56;
  if (rowHeight < 60 || columnWidth < 380) return 40;
  if (rowHeight < 68 || columnWidth < 500) return 44;
  return rowHeight < 80 || columnWidth < 700 ? 46 : 52;
}

/** All, or one less than there are places, since "8 more" takes the last. */
function shownOf(count: number, places: number): number {
  return count <= places ? count : places - 1;
}
