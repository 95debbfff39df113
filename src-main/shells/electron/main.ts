import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  Notification,
  nativeImage,
  powerMonitor,
  powerSaveBlocker,
  screen,
  session,
  shell,
  Tray,
} from 'electron';
import { toWorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type Console, composeConsole, outsideLink } from '../../app/compose.ts';
import { agentFolders } from '../agent-folders.ts';
import { serveIpc } from './ipc-transport.ts';
import { isOwnSender, lockNavigation, lockPermissions, type OwnPage } from './lock-down.ts';
import { buildMenu } from './menu.ts';
import { notifyOfAlerts } from './notify.ts';
import { reviveWindow } from './revive.ts';
import { createRoomWindow, type RoomWindow } from './room-window.ts';
import { savePdf } from './save-pdf.ts';
import { keychainSecrets } from './secrets.ts';
import { showTray } from './tray.ts';
import { TRAY_ICON_SIZE, trayIcon } from './tray-icon.ts';
import { type BadgePlace, showWaiting } from './waiting-badge.ts';
import { followPlace, MIN_SIZE, placeFile, windowPlace } from './window-place.ts';
import { windowQuestions } from './window-questions.ts';

/** The desktop shell: one window and the room view's, locked down, on the same routers that the web shell serves. */
const page = ownPage('index.html');
const roomPage = ownPage('room.html');
const preload = resolve(import.meta.dirname, '../preload/index.cjs');
let main: BrowserWindow | undefined;
/** Brings the console's window to the front, or opens it again. */
let showConsole: () => void = () => {};
const ask = windowQuestions(dialog, () => main);

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => showConsole());
  // macOS: a click on the dock.
  app.on('activate', () => showConsole());
  const open = (url: string) => {
    const link = outsideLink(url);
    if (link !== null) void shell.openExternal(link).catch(() => {});
  };
  lockNavigation(app, open, page, roomPage);
  app.whenReady().then(start).catch(giveUp);
} else {
  app.quit();
}

async function start(): Promise<void> {
  lockPermissions(session.defaultSession);
  Menu.setApplicationMenu(buildMenu(!app.isPackaged));
  const console_: Console = await composeConsole({
    env: process.env,
    dir: app.getPath('userData'),
    secrets: keychainSecrets(),
    agentFolders: agentFolders(resolve(import.meta.dirname, '../..'), process.resourcesPath),
    sources: resolve(import.meta.dirname, '../..'),
  });
  const { room, alerts } = console_.services;
  notifyOfAlerts(alerts, {
    isSupported: () => Notification.isSupported(),
    create: (options) => new Notification(options),
    show: () => showConsole(),
  });
  /** With no window open, the app waits for the answer. */
  let asking = false;
  const notify = (title: string, body: string) => {
    if (Notification.isSupported()) new Notification({ title, body }).show();
  };
  const roomNotOpened = (cause: unknown) =>
    notify('The room view was not opened', toWorkshopError(cause).message);
  const roomWindow = createRoomWindow({
    page: roomPage,
    screen,
    powerSaveBlocker,
    newWindow: (options) => new BrowserWindow(options),
    preload,
    remembered: () => room.display(),
    remember: (display) => room.rememberDisplay(display),
    revived: () =>
      notify('The room view was loaded again', 'Its page had stopped. Nothing else was touched.'),
    gaveUp() {
      asking = true;
      void ask.opensRoomAgain().then(async (again) => {
        if (again) await roomWindow.open(null).catch(roomNotOpened);
        asking = false;
        if (BrowserWindow.getAllWindows().length === 0) app.quit();
      });
    },
  });
  const transport = serveIpc({
    ipcMain,
    services: console_.services,
    roomDoor: roomWindow,
    print: savePdf(
      () => main,
      dialog,
      () => app.getPath('documents'),
    ),
    trusts: (event) => isOwnSender(event, page),
    trustsRoom: (event) => roomWindow.owns(event),
  });
  const ending = new AbortController();
  void showWaiting(console_.services.watch, badgePlace(), ending.signal);
  void showTray(
    {
      newTray: (image) => new Tray(image),
      image: (bytes, size) => nativeImage.createFromBitmap(bytes, size),
      menu: (entries) => Menu.buildFromTemplate(entries),
      watch: console_.services.watch,
      fleet: console_.services.fleet,
      showConsole: () => showConsole(),
      openRoom: () => void roomWindow.open(null).catch(roomNotOpened),
      quit: () => app.quit(),
      failed: notify,
    },
    ending.signal,
  );
  powerMonitor.on('resume', () => console_.wake());
  app.on('window-all-closed', () => {
    if (!asking) app.quit();
  });
  let quitting = false;
  app.on('before-quit', () => {
    quitting = true;
  });
  let written = false;
  app.on('will-quit', (event) => {
    if (written) return;
    // The last of what was seen reaches the disk first.
    event.preventDefault();
    ending.abort();
    transport.close();
    void console_.close().finally(() => {
      written = true;
      app.quit();
    });
  });
  const open = () => openWindow({ room: roomWindow, mayClose: () => quitting });
  showConsole = () => {
    if (!main) return void open().catch(giveUp);
    if (main.isMinimized()) main.restore();
    main.show();
    main.focus();
  };
  await open();
}

interface Closing {
  room: Pick<RoomWindow, 'isOpen' | 'close'>;
  /** The app ends anyway: nothing is asked. */
  mayClose(): boolean;
}

/** The console's window. While the room view is open, closing asks first: the room must not go dark by a slip. */
async function openWindow({ room, mayClose }: Closing): Promise<void> {
  const file = placeFile(join(app.getPath('userData'), 'window.json'));
  const place = windowPlace(file.load(), screen.getAllDisplays(), screen.getPrimaryDisplay());
  const window = new BrowserWindow({
    ...place.bounds,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    show: false,
    backgroundColor: '#101418',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
    },
  });
  main = window;
  if (place.maximized) window.maximize();
  followPlace(window, file.keep);
  window.once('ready-to-show', () => window.show());
  window.once('closed', () => {
    main = undefined;
  });
  window.on('close', (event) => {
    if (!room.isOpen() || mayClose()) return;
    event.preventDefault();
    void ask.whatCloses().then((choice) => {
      if (choice === 'cancel' || window.isDestroyed()) return;
      if (choice === 'both') room.close();
      window.destroy();
    });
  });
  reviveWindow(window, {
    load: () => window.loadURL(page.url),
    // It opens as it was; only what was typed is gone.
    revived: () => {},
    gaveUp: () =>
      void ask.loadsConsoleAgain().then((again) => {
        if (window.isDestroyed()) return;
        if (again) void window.loadURL(page.url).catch(() => window.destroy());
        else window.destroy();
      }),
  });
  await window.loadURL(page.url);
}

/** The app's icon: a number where the system has one for it, else one drawn on it. */
function badgePlace(): BadgePlace {
  const setBadgeCount = (count: number) => app.setBadgeCount(count);
  if (process.platform !== 'win32') return { setBadgeCount };
  const size = { width: TRAY_ICON_SIZE, height: TRAY_ICON_SIZE, scaleFactor: 2 };
  return {
    setBadgeCount,
    setOverlay: (count, words) =>
      main?.setOverlayIcon(count > 0 ? nativeImage.createFromBitmap(trayIcon(count), size) : null, words),
  };
}

/** The development server's page while electron-vite runs one, else the built page. */
function ownPage(file: 'index.html' | 'room.html'): OwnPage {
  const development = app.isPackaged ? undefined : process.env.ELECTRON_RENDERER_URL;
  if (development === undefined)
    return { url: pathToFileURL(resolve(import.meta.dirname, '../renderer', file)).href };
  return { url: file === 'index.html' ? development : new URL(file, `${development}/`).href };
}

function giveUp(cause: unknown): void {
  const error = toWorkshopError(cause);
  dialog.showErrorBox(
    'Workshop Console could not start',
    [error.message, error.remedy].filter(Boolean).join('\n\n'),
  );
  app.exit(1);
}
