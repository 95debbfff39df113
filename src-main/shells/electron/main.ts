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
} from 'electron';
import { toWorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type Console, composeConsole, outsideLink } from '../../app/compose.ts';
import { agentFolders } from '../agent-folders.ts';
import { serveIpc } from './ipc-transport.ts';
import { isOwnSender, lockNavigation, lockPermissions, type OwnPage } from './lock-down.ts';
import { buildMenu } from './menu.ts';
import { notifyOfAlerts } from './notify.ts';
import { createRoomWindow } from './room-window.ts';
import { savePdf } from './save-pdf.ts';
import { keychainSecrets } from './secrets.ts';
import { type BadgePlace, badgeDot, showWaiting } from './waiting-badge.ts';
import { followPlace, MIN_SIZE, placeFile, windowPlace } from './window-place.ts';

/** The desktop shell: one window and the room view's, locked down, on the same routers that the web shell serves. */
const page = ownPage('index.html');
const roomPage = ownPage('room.html');
const preload = resolve(import.meta.dirname, '../preload/index.cjs');
let main: BrowserWindow | undefined;

if (app.requestSingleInstanceLock()) {
  app.on('second-instance', () => {
    if (main?.isMinimized()) main.restore();
    main?.focus();
  });
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
  });
  const { room, alerts } = console_.services;
  notifyOfAlerts(alerts, {
    isSupported: () => Notification.isSupported(),
    create: (options) => new Notification(options),
    show: () => {
      if (main?.isMinimized()) main.restore();
      main?.focus();
    },
  });
  const roomWindow = createRoomWindow({
    page: roomPage,
    screen,
    powerSaveBlocker,
    newWindow: (options) => new BrowserWindow(options),
    preload,
    remembered: () => room.display(),
    remember: (display) => room.rememberDisplay(display),
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
  powerMonitor.on('resume', () => console_.wake());
  app.on('window-all-closed', () => app.quit());
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
  await openWindow(() => roomWindow.close());
}

async function openWindow(onClosed: () => void): Promise<void> {
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
    onClosed();
  });
  await window.loadURL(page.url);
}

/** The app's icon: a number where the system has one for it, else a mark. */
function badgePlace(): BadgePlace {
  const setBadgeCount = (count: number) => app.setBadgeCount(count);
  if (process.platform !== 'win32') return { setBadgeCount };
  const dot = badgeDot(nativeImage);
  return {
    setBadgeCount,
    setOverlay: (shown, words) => main?.setOverlayIcon(shown ? dot : null, words),
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
