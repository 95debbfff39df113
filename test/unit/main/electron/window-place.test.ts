import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DisplayFacts } from '../../../../src-main/shells/electron/choose-display.ts';
import {
  followPlace,
  placeFile,
  type WindowPlace,
  windowPlace,
} from '../../../../src-main/shells/electron/window-place.ts';

const display = (id: number, x: number, width: number, height: number): DisplayFacts => {
  const area = { x, y: 0, width, height };
  return { id, label: '', bounds: area, workArea: area };
};
const laptop = display(1, 0, 1440, 875);
const beside = display(2, 1440, 3840, 2120);
const left: WindowPlace = { bounds: { x: 1600, y: 50, width: 2000, height: 1400 }, maximized: false };

describe('where the window opens', () => {
  test('as it was left, also maximised', () => {
    expect(windowPlace(left, [laptop, beside], laptop)).toEqual(left);
    const maximized = { ...left, maximized: true };
    expect(windowPlace(maximized, [laptop, beside], laptop)).toEqual(maximized);
  });

  test('on the primary display when its own was unplugged, no larger than that', () => {
    expect(windowPlace(left, [laptop], laptop).bounds).toEqual({ x: 0, y: 0, width: 1440, height: 875 });
  });

  test('where its upper edge can be taken hold of', () => {
    const above = { bounds: { x: 100, y: -300, width: 900, height: 700 }, maximized: false };
    expect(windowPlace(above, [laptop], laptop).bounds).toEqual({ x: 270, y: 88, width: 900, height: 700 });
    const nearlyOut = { bounds: { x: 1400, y: 100, width: 900, height: 700 }, maximized: false };
    expect(windowPlace(nearlyOut, [laptop], laptop).bounds.x).toBe(270);
  });

  test('in the middle at the first start, also on a small display', () => {
    const small = display(3, 0, 1280, 680);
    expect(windowPlace(null, [small], small)).toEqual({
      bounds: { x: 0, y: 0, width: 1280, height: 680 },
      maximized: false,
    });
    expect(windowPlace(null, [beside], beside).bounds).toEqual({ x: 2640, y: 610, width: 1440, height: 900 });
  });
});

describe('what is kept', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'window-place-'));
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  });

  test('the place where it rests and the one where it is closed, over a restart', () => {
    const file = placeFile(join(dir, 'deep', 'window.json'));
    let bounds = { x: 1, y: 2, width: 1200, height: 800 };
    const window = Object.assign(new EventEmitter(), {
      getNormalBounds: () => bounds,
      isMaximized: () => false,
      isDestroyed: () => false,
    });
    followPlace(window, file.keep);
    window.emit('move');
    expect(file.load()).toBeNull();
    vi.runAllTimers();
    expect(file.load()).toEqual({ bounds, maximized: false });
    bounds = { ...bounds, x: 77 };
    window.emit('resize');
    window.emit('close');
    expect(file.load()?.bounds.x).toBe(77);
  });

  test('a file that makes no sense counts as none', () => {
    const path = join(dir, 'window.json');
    for (const text of ['', '{', '{"bounds":{"x":1e99,"y":0,"width":1,"height":1},"maximized":false}']) {
      writeFileSync(path, text);
      expect(placeFile(path).load()).toBeNull();
    }
  });
});
