import { EventEmitter } from 'node:events';
import type { BrowserWindow, IpcMainEvent } from 'electron';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { RoomDisplay } from '../../../../src-main/api/roles/room.ts';
import { chooseDisplay, type DisplayFacts } from '../../../../src-main/shells/electron/choose-display.ts';
import { createRoomWindow, type RoomWindow } from '../../../../src-main/shells/electron/room-window.ts';

const display = (id: number, label: string, x = 0, width = 1920): DisplayFacts => {
  const area = { x, y: 0, width, height: 1080 };
  return { id, label, bounds: area, workArea: area };
};
const laptop = display(1, 'Laptop');
const beamer = display(2, 'Beamer', 1920);
const tv = display(3, 'TV', 3840, 3840);

describe('which display', () => {
  const remembered = (one: DisplayFacts, id = one.id): RoomDisplay => ({
    id: String(id),
    label: one.label,
    width: one.bounds.width,
    height: one.bounds.height,
  });

  test('the second one; a window on the only one', () => {
    expect(chooseDisplay([laptop, beamer, tv], laptop, null)).toEqual({
      kind: 'full-screen',
      display: beamer,
    });
    expect(chooseDisplay([laptop], laptop, null)).toEqual({ kind: 'window', display: laptop });
  });

  test('the remembered one, also under another id, and not while it is away', () => {
    expect(chooseDisplay([laptop, beamer, tv], laptop, remembered(tv)).display).toBe(tv);
    expect(chooseDisplay([laptop, beamer, tv], laptop, remembered(tv, 99)).display).toBe(tv);
    expect(chooseDisplay([laptop, beamer], laptop, remembered(tv)).display).toBe(beamer);
    // Remembered from a time when it was the second display: it does not cover the console.
    expect(chooseDisplay([laptop], laptop, remembered(laptop)).kind).toBe('window');
  });

  test('the one asked for, even the primary one', () => {
    expect(chooseDisplay([laptop, beamer], laptop, null, '1')).toEqual({
      kind: 'full-screen',
      display: laptop,
    });
    expect(chooseDisplay([laptop, beamer], laptop, null, 'gone').display).toBe(beamer);
  });
});

/** A window as far as the room view uses it. */
class FakeWindow extends EventEmitter {
  readonly webContents = Object.assign(new EventEmitter(), {
    mainFrame: { url: '' },
    forcefullyCrashRenderer: () => this.crash('killed'),
  });
  loads = 0;
  bounds = { x: 0, y: 0, width: 0, height: 0 };
  full = false;
  destroyed = false;
  async loadURL(url: string) {
    this.webContents.mainFrame.url = url;
    this.loads += 1;
  }
  isDestroyed = () => this.destroyed;
  isFullScreen = () => this.full;
  setBounds(bounds: DisplayFacts['bounds']) {
    this.bounds = bounds;
  }
  setFullScreen(full: boolean) {
    this.full = full;
    if (!full) this.emit('leave-full-screen');
  }
  show() {}
  close() {
    this.destroyed = true;
    this.emit('closed');
  }
  destroy() {
    this.close();
  }
  crash(reason = 'crashed') {
    this.webContents.emit('render-process-gone', {}, { reason });
  }
  press(key: string) {
    this.webContents.emit('before-input-event', { preventDefault() {} }, { type: 'keyDown', key });
  }
}

describe('its window', () => {
  let displays: DisplayFacts[];
  let windows: FakeWindow[];
  let awake: Set<number>;
  let kept: RoomDisplay | null;
  let screen: EventEmitter;
  let room: RoomWindow;
  let said: string[];
  beforeEach(() => {
    said = [];
    displays = [laptop, beamer];
    windows = [];
    awake = new Set();
    kept = null;
    screen = new EventEmitter();
    room = createRoomWindow({
      page: { url: 'file:///app/room.html' },
      screen: Object.assign(screen, {
        getAllDisplays: () => displays,
        getPrimaryDisplay: () => laptop,
      }),
      powerSaveBlocker: {
        start: () => {
          awake.add(awake.size + 1);
          return awake.size;
        },
        stop: (id) => awake.delete(id),
      },
      newWindow: () => {
        const made = new FakeWindow();
        windows.push(made);
        return made as unknown as BrowserWindow;
      },
      preload: 'preload.cjs',
      remembered: () => kept,
      remember: (one) => {
        kept = one;
      },
      revived: () => said.push('revived'),
      gaveUp: () => said.push('gave up'),
    });
  });
  const settle = () => new Promise((done) => setImmediate(done));

  test('fills the second display, keeps the laptop awake, is remembered, and Esc ends it all', async () => {
    expect(await room.open(null)).toEqual({
      kind: 'window',
      screen: 'Beamer, 1920 × 1080',
      fullScreen: true,
    });
    const [window] = windows;
    expect(window).toMatchObject({ full: true, bounds: beamer.bounds });
    expect(kept).toMatchObject({ label: 'Beamer' });
    expect(awake.size).toBe(1);
    await room.open(null);
    expect(windows).toHaveLength(1);
    window?.press('a');
    expect(window?.destroyed).toBe(false);
    window?.press('Escape');
    expect(window?.destroyed).toBe(true);
    expect(awake.size).toBe(0);
    await room.open(null);
    expect(windows).toHaveLength(2);
  });

  test('survives the unplugging: a window on the laptop, and back when the display comes back', async () => {
    await room.open(null);
    displays = [laptop];
    screen.emit('display-removed');
    await settle();
    expect(windows[0]).toMatchObject({ full: false, destroyed: false });
    expect(windows[0]?.bounds.width).toBeLessThan(laptop.bounds.width);
    displays = [laptop, { ...beamer, id: 17 }];
    screen.emit('display-added');
    await settle();
    expect(windows[0]).toMatchObject({ full: true, bounds: beamer.bounds });
    expect(awake.size).toBe(1);
  });

  test('moves to the display that is asked for, and remembers it', async () => {
    displays = [laptop, beamer, tv];
    await room.open(null);
    await room.open('3');
    expect(windows[0]).toMatchObject({ full: true, bounds: tv.bounds });
    expect(kept).toMatchObject({ id: '3' });
    expect(room.where().screens.map(({ id, chosen }) => [id, chosen])).toEqual([
      ['1', false],
      ['2', false],
      ['3', true],
    ]);
  });

  test('a page that crashed is loaded again once; then its window closes, which is said, and P opens another', async () => {
    await room.open(null);
    const [window] = windows;
    window?.crash();
    await settle();
    expect(window).toMatchObject({ loads: 2, destroyed: false, full: true });
    expect(said).toEqual(['revived']);
    window?.crash('oom');
    await settle();
    expect(said).toEqual(['revived', 'gave up']);
    expect([window?.destroyed, room.isOpen(), awake.size]).toEqual([true, false, 0]);
    await room.open(null);
    expect(windows).toHaveLength(2);
    windows[1]?.crash('clean-exit');
    await settle();
    expect(windows[1]?.loads).toBe(1);
  });

  test('a page that hangs is ended and loaded again; one that reacts again in time is left alone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await room.open(null);
    const [window] = windows;
    window?.emit('unresponsive');
    vi.advanceTimersByTime(9000);
    window?.emit('responsive');
    vi.advanceTimersByTime(60_000);
    expect(window?.loads).toBe(1);
    window?.emit('unresponsive');
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    await settle();
    expect(window?.loads).toBe(2);
    expect(said).toEqual(['revived']);
  });

  test('owns only its own page in its own window', async () => {
    await room.open(null);
    const contents = windows[0]?.webContents;
    const event = (sender: unknown, url: string) => {
      const frame = { url };
      return {
        sender: Object.assign(Object(sender), { mainFrame: frame }),
        senderFrame: frame,
      } as unknown as IpcMainEvent;
    };
    expect(room.owns(event(contents, 'file:///app/room.html'))).toBe(true);
    expect(room.owns(event(contents, 'file:///app/index.html'))).toBe(false);
    expect(room.owns(event({}, 'file:///app/room.html'))).toBe(false);
    room.close();
    expect(room.owns(event(contents, 'file:///app/room.html'))).toBe(false);
  });
});
