import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BrowserWindow } from 'electron';
import { z } from 'zod';
import type { DisplayFacts } from './choose-display.ts';

const pixels = z.number().int().min(-100_000).max(100_000);
const placeSchema = z.object({
  /** Of the window while it is neither maximised nor full screen. */
  bounds: z.object({ x: pixels, y: pixels, width: pixels.min(1), height: pixels.min(1) }),
  maximized: z.boolean(),
});
export type WindowPlace = z.infer<typeof placeSchema>;

/** Smallest window that the layout is made for. */
export const MIN_SIZE = { width: 1024, height: 640 };
/** Of a first start, where the display has room for it. */
const USUAL = { width: 1440, height: 900 };
/** So much of the window's upper edge must lie on a display, or nobody could take hold of it. */
const GRASP = { width: 160, height: 24 };
/** A window that is dragged moves all the time; it is kept once it rests so long, ms. */
const RESTS_MS = 400;

/** Where the window opens: as it was left if that still lies on a display, else in the middle of the primary one. */
export function windowPlace(
  kept: WindowPlace | null,
  displays: readonly DisplayFacts[],
  primary: DisplayFacts,
): WindowPlace {
  const there = kept && displays.find(({ workArea }) => canGrasp(kept.bounds, workArea));
  const { workArea } = there ?? primary;
  const { width, height } = kept?.bounds ?? USUAL;
  const size = { width: Math.min(width, workArea.width), height: Math.min(height, workArea.height) };
  const maximized = kept?.maximized ?? false;
  if (there) return { bounds: { x: kept.bounds.x, y: kept.bounds.y, ...size }, maximized };
  const x = workArea.x + Math.round((workArea.width - size.width) / 2);
  const y = workArea.y + Math.round((workArea.height - size.height) / 2);
  return { bounds: { x, y, ...size }, maximized };
}

function canGrasp(bounds: WindowPlace['bounds'], area: DisplayFacts['workArea']): boolean {
  const across = Math.min(bounds.x + bounds.width, area.x + area.width) - Math.max(bounds.x, area.x);
  const down = Math.min(bounds.y + GRASP.height, area.y + area.height) - Math.max(bounds.y, area.y);
  return across >= GRASP.width && down >= GRASP.height;
}

type PlacedWindow = Pick<BrowserWindow, 'getNormalBounds' | 'isMaximized' | 'isDestroyed'> & {
  on(event: 'resize' | 'move' | 'close', listener: () => void): unknown;
};

/** Keeps the place of a window whenever it has been moved, and when it closes. */
export function followPlace(window: PlacedWindow, keep: (place: WindowPlace) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const take = () => {
    clearTimeout(timer);
    if (!window.isDestroyed()) keep({ bounds: window.getNormalBounds(), maximized: window.isMaximized() });
  };
  const moved = () => {
    clearTimeout(timer);
    timer = setTimeout(take, RESTS_MS).unref();
  };
  window.on('resize', moved);
  window.on('move', moved);
  window.on('close', take);
}

/** The place in a file of its own. Nothing depends on it: what cannot be read or written counts as not there. */
export function placeFile(path: string) {
  return {
    load(): WindowPlace | null {
      try {
        return placeSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
      } catch {
        return null;
      }
    },
    /** At once, since the app may be about to end. */
    keep(place: WindowPlace): void {
      const draft = `${path}.${process.pid}.new`;
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        writeFileSync(draft, JSON.stringify(place), { mode: 0o600 });
        renameSync(draft, path);
      } catch {
        // The next start opens in the middle.
      }
    },
  };
}
