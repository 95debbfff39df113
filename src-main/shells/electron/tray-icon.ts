/** Pixels a side: the tray of most systems shows 16 to 24, doubled on fine displays. */
export const TRAY_ICON_SIZE = 32;

/** As bytes in the order that bitmaps have: blue, green, red. */
const PLATE = [0x18, 0x14, 0x10];
const AMBER = [0x3d, 0xbb, 0xf2];
const BARS = [
  [0x9b, 0xd0, 0x2b],
  [0xf0, 0xb4, 0x56],
  [0x3d, 0xbb, 0xf2],
];

/** Digits of 3 × 5 cells, a row each; a plus for more than two digits hold. */
const GLYPHS: Readonly<Record<string, readonly string[]>> = {
  '0': ['111', '101', '101', '101', '111'],
  '1': ['010', '110', '010', '010', '111'],
  '2': ['111', '001', '111', '100', '111'],
  '3': ['111', '001', '111', '001', '111'],
  '4': ['101', '101', '111', '001', '001'],
  '5': ['111', '100', '111', '001', '111'],
  '6': ['111', '100', '111', '101', '111'],
  '7': ['111', '001', '010', '010', '010'],
  '8': ['111', '101', '111', '101', '111'],
  '9': ['111', '101', '111', '001', '111'],
  '+': ['000', '010', '111', '010', '000'],
};

/**
 * The tray's icon as a bitmap of `TRAY_ICON_SIZE` squared, four bytes a pixel: how many jobs wait on an amber plate, or
 * the app's three bars while none does or it is not known.
 */
export function trayIcon(waiting: number | null): Buffer {
  const bytes = Buffer.alloc(TRAY_ICON_SIZE * TRAY_ICON_SIZE * 4);
  const fill = (x: number, y: number, width: number, height: number, colour: readonly number[]) => {
    for (let row = y; row < y + height; row += 1)
      for (let column = x; column < x + width; column += 1)
        bytes.set([...colour, 255], (row * TRAY_ICON_SIZE + column) * 4);
  };
  const plate = (colour: readonly number[]) => {
    fill(2, 0, 28, 32, colour);
    fill(0, 2, 32, 28, colour);
  };
  if (waiting === null || waiting <= 0) {
    plate(PLATE);
    BARS.forEach((colour, at) => {
      fill(6 + at * 8, 6 + at * 4, 5, 20 - at * 4, colour);
    });
    return bytes;
  }
  plate(AMBER);
  const text = waiting > 99 ? '99+' : String(waiting);
  const cell = text.length === 1 ? 5 : text.length === 2 ? 4 : 2;
  const width = (text.length * 4 - 1) * cell;
  const [left, top] = [Math.floor((TRAY_ICON_SIZE - width) / 2), Math.floor((TRAY_ICON_SIZE - 5 * cell) / 2)];
  [...text].forEach((letter, at) => {
    GLYPHS[letter]?.forEach((row, y) => {
      [...row].forEach((pixel, x) => {
        if (pixel === '1') fill(left + (at * 4 + x) * cell, top + y * cell, cell, cell, PLATE);
      });
    });
  });
  return bytes;
}
