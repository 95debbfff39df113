import type { BrowserWindow, BrowserWindowConstructorOptions, IpcMainEvent } from 'electron';
import type { RoomDisplay, RoomDoor } from '../../api/roles/room.ts';
import {
  chooseDisplay,
  type DisplayFacts,
  describeDisplay,
  type RoomPlace,
  screensOf,
  windowBounds,
} from './choose-display.ts';
import { isOwnSender, type OwnPage } from './lock-down.ts';
import { reviveWindow } from './revive.ts';

/** What of Electron the room's window needs; handed in, so that its behaviour can be tried without a second display. */
export interface RoomWindowNeeds {
  page: OwnPage;
  screen: {
    getAllDisplays(): DisplayFacts[];
    getPrimaryDisplay(): DisplayFacts;
    on(event: 'display-added' | 'display-removed' | 'display-metrics-changed', listener: () => void): unknown;
  };
  powerSaveBlocker: {
    start(type: 'prevent-display-sleep'): number;
    stop(id: number): unknown;
  };
  newWindow(options: BrowserWindowConstructorOptions): BrowserWindow;
  preload: string;
  /** The display that was last filled. */
  remembered(): RoomDisplay | null;
  remember(display: RoomDisplay): void;
  /** Its page stopped and was loaded again. */
  revived(): void;
  /** It stopped twice and is closed. */
  gaveUp(): void;
}

export interface RoomWindow extends RoomDoor {
  /** Whether a message comes from the room's page in the room's window. */
  owns(event: IpcMainEvent): boolean;
  isOpen(): boolean;
  close(): void;
}

/**
 * The room view's own window: full screen on the second display, remembered by that display; with one display an
 * ordinary window on it. When its display goes away it becomes a window on the primary one, when it comes back it fills
 * it again. Esc closes it. While it is open the laptop does not fall asleep. A page that crashed or hangs is loaded again
 * once; should that not help, its window closes and says so, since a dead picture would look like a live one.
 */
export function createRoomWindow(needs: RoomWindowNeeds): RoomWindow {
  const { page, screen, powerSaveBlocker } = needs;
  let window: BrowserWindow | undefined;
  /** Id of the display that it fills; undefined while it is an ordinary window. */
  let fills: number | undefined;
  let watching = false;

  const placeNow = (askedId: string | null = null) =>
    chooseDisplay(screen.getAllDisplays(), screen.getPrimaryDisplay(), needs.remembered(), askedId);

  const put = async (target: BrowserWindow, askedId: string | null): Promise<RoomPlace> => {
    const place = placeNow(askedId);
    const wanted = place.kind === 'full-screen' ? place.display.id : undefined;
    // A full-screen window does not move to another display.
    if (fills !== undefined && fills !== wanted) await leaveFullScreen(target);
    fills = wanted;
    if (target.isDestroyed()) return place;
    target.setBounds(place.kind === 'full-screen' ? place.display.bounds : windowBounds(place.display));
    if (place.kind === 'full-screen') target.setFullScreen(true);
    return place;
  };

  const displaysChanged = () => {
    if (!window || window.isDestroyed()) return;
    const there = screen.getAllDisplays().some(({ id }) => id === fills);
    const place = placeNow();
    const better = place.kind === 'full-screen' && fills === undefined;
    if ((fills !== undefined && !there) || better) void put(window, null);
  };

  const open = async (): Promise<BrowserWindow> => {
    const opened = needs.newWindow({
      ...windowBounds(placeNow().display),
      title: 'Room view',
      show: false,
      autoHideMenuBar: true,
      backgroundColor: '#05070a',
      webPreferences: {
        preload: needs.preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        spellcheck: false,
        // The projector's picture goes on while the console's window has the focus.
        backgroundThrottling: false,
      },
    });
    window = opened;
    const awake = powerSaveBlocker.start('prevent-display-sleep');
    opened.once('closed', () => {
      powerSaveBlocker.stop(awake);
      window = undefined;
      fills = undefined;
    });
    opened.webContents.on('before-input-event', (event, { type, key }) => {
      if (type !== 'keyDown' || key !== 'Escape') return;
      event.preventDefault();
      opened.close();
    });
    reviveWindow(opened, {
      load: () => opened.loadURL(page.url),
      revived: needs.revived,
      gaveUp() {
        opened.destroy();
        needs.gaveUp();
      },
    });
    await opened.loadURL(page.url);
    return opened;
  };

  return {
    async open(screenId) {
      if (!watching) {
        watching = true;
        for (const change of ['display-added', 'display-removed', 'display-metrics-changed'] as const)
          screen.on(change, displaysChanged);
      }
      const target = window ?? (await open());
      const place = await put(target, screenId);
      if (!target.isDestroyed()) target.show();
      const { display } = place;
      if (place.kind === 'full-screen') needs.remember(describeDisplay(display));
      const [shown] = screensOf([display], display, place);
      return { kind: 'window', screen: shown?.name ?? '', fullScreen: place.kind === 'full-screen' };
    },
    where: () => ({
      screens: screensOf(screen.getAllDisplays(), screen.getPrimaryDisplay(), placeNow()),
      link: null,
    }),
    owns: (event) => window !== undefined && event.sender === window.webContents && isOwnSender(event, page),
    isOpen: () => window !== undefined,
    close: () => window?.close(),
  };
}

/** Longest time that a system takes to animate out of full screen, ms. */
const LEAVING_MS = 2000;

function leaveFullScreen(window: BrowserWindow): Promise<void> {
  if (window.isDestroyed() || !window.isFullScreen()) return Promise.resolve();
  return new Promise((done) => {
    const late = setTimeout(done, LEAVING_MS);
    window.once('leave-full-screen', () => {
      clearTimeout(late);
      done();
    });
    window.setFullScreen(false);
  });
}
