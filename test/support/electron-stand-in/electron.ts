/**
 * Stand-in for the `electron` module where its binary cannot be had: the *built* main and preload bundles run
 * unchanged, a window is a page of real headless Chromium. It does not show the sandbox, context isolation,
 * permissions, real menus or the speed of Electron's IPC; those need the binary (see launch.ts).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openBrowser, type StandInBrowser } from './browser.ts';
import { preventable, StandInWindow } from './windows.ts';

let browser: StandInBrowser | undefined;

class StandInApp extends EventEmitter {
  readonly isPackaged = false;
  #ready: Promise<void> | undefined;
  #quitting = false;

  whenReady(): Promise<void> {
    this.#ready ??= (async () => {
      browser = await openBrowser();
      this.emit('ready');
    })();
    return this.#ready;
  }

  getPath(name: string): string {
    return join(process.env.STAND_IN_USER_DATA ?? join(tmpdir(), 'electron-stand-in-data'), name);
  }

  setBadgeCount(count: number): boolean {
    console.error(`stand-in: badge ${count}`);
    return true;
  }

  requestSingleInstanceLock(): boolean {
    return true;
  }

  quit(): void {
    if (this.#quitting) return;
    this.#quitting = true;
    void this.#end(0);
  }

  exit(code = 0): void {
    this.#quitting = true;
    void this.#end(code);
  }

  async #end(code: number): Promise<void> {
    this.emit('before-quit', preventable({}));
    for (const window of StandInWindow.getAllWindows()) await window.destroy();
    const last = preventable({});
    this.emit('will-quit', last);
    if (last.defaultPrevented) {
      this.#quitting = false;
      return;
    }
    await browser?.close();
    this.emit('quit', {}, code);
    process.exit(code);
  }
}

export const app = new StandInApp();
export const ipcMain = new EventEmitter();
export { StandInWindow as BrowserWindow };

StandInWindow.world = {
  context() {
    if (!browser) throw new Error('a window was opened before the app was ready');
    return browser.context;
  },
  receive: (channel, event, args) => void ipcMain.emit(channel, event, ...args),
  created: (contents) => void app.emit('web-contents-created', {}, contents),
  closed: () => void app.emit('window-all-closed'),
  pressTray: () => {},
};

// The launcher asks for the end this way; a person would close the window.
process.on('SIGTERM', () => app.quit());

export const dialog = {
  showErrorBox(title: string, content: string): void {
    console.error(`${title}: ${content}`);
  },
  /** The person chooses STAND_IN_SAVE_AS, or cancels. */
  async showSaveDialog(_window: unknown, { defaultPath }: { defaultPath: string }) {
    console.error(`asks where to save ${basename(defaultPath)}`);
    const filePath = process.env.STAND_IN_SAVE_AS ?? '';
    return { canceled: filePath === '', filePath };
  },
  /** The person presses STAND_IN_ANSWER, once it is asked; without one nobody answers. */
  async showMessageBox(...given: unknown[]) {
    const { message, buttons } = given.at(-1) as { message: string; buttons: string[] };
    console.error(`stand-in: asks ${message} [${buttons.join(' | ')}]`);
    const response = buttons.indexOf(process.env.STAND_IN_ANSWER ?? '');
    return response < 0 ? new Promise<never>(() => {}) : { response, checkboxChecked: false };
  },
};

export const Menu = {
  buildFromTemplate: (items: MenuEntry[]) => ({ items }),
  setApplicationMenu(): void {},
};

/** Says what the operating system would show. */
export class Notification {
  readonly #options: { title: string; body: string };

  constructor(options: { title: string; body: string }) {
    this.#options = options;
  }

  static isSupported(): boolean {
    return true;
  }

  on(): this {
    return this;
  }

  show(): void {
    console.error(`stand-in: notification ${this.#options.title}: ${this.#options.body}`);
  }
}

export const nativeImage = { createFromBitmap: () => ({}) };

interface MenuEntry {
  label?: string;
  enabled?: boolean;
  click?: () => void;
}

/** Says what stands in the tray; a page of the test presses its entries (see windows.ts). */
export class Tray {
  #tip = '';

  setImage(): void {}
  on(): this {
    return this;
  }

  setToolTip(tip: string): void {
    this.#tip = tip;
  }

  setContextMenu({ items }: { items: MenuEntry[] }): void {
    const labels = items.flatMap(({ label, enabled }) =>
      label === undefined ? [] : enabled === false ? `(${label})` : label,
    );
    console.error(`stand-in: tray ${this.#tip} [${labels.join(' | ')}]`);
    StandInWindow.world.pressTray = (label) => {
      const entry = items.find((one) => one.label === label && one.enabled !== false);
      if (!entry?.click) throw new Error(`the tray has no entry ${label} to press`);
      entry.click();
    };
  }

  destroy(): void {}
}

/** Keeps what it was given; nothing calls it here. */
export const session = {
  defaultSession: {
    setPermissionRequestHandler(): void {},
    setPermissionCheckHandler(): void {},
    setDevicePermissionHandler(): void {},
  },
};

/** One display; STAND_IN_SECOND_DISPLAY=1 plugs in another. */
const display = (id: number, label: string, x: number) => {
  const area = { x, y: 0, width: 1920, height: 1080 };
  return { id, label, bounds: area, workArea: area };
};
const displays = [
  display(1, 'Built-in', 0),
  ...(process.env.STAND_IN_SECOND_DISPLAY === '1' ? [display(2, 'Projector', 1920)] : []),
];
export const screen = Object.assign(new EventEmitter(), {
  getAllDisplays: () => displays,
  getPrimaryDisplay: () => displays[0],
});

export const shell = {
  async openExternal(url: string) {
    console.error(`stand-in: the browser opens ${url}`);
  },
};

export const powerMonitor = new EventEmitter();

let blockers = 0;
export const powerSaveBlocker = {
  start(type: string): number {
    blockers += 1;
    console.error(`stand-in: power save blocker ${type} on`);
    return blockers;
  },
  stop(): void {
    console.error('stand-in: power save blocker off');
  },
};

/** The keychain: a key that outlives the process, as the operating system's does. */
function keychainKey(): Buffer {
  const file = app.getPath('stand-in-keychain');
  try {
    return readFileSync(file);
  } catch {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32), { mode: 0o600 });
    return readFileSync(file);
  }
}

export const safeStorage = {
  isEncryptionAvailable: () => true,
  getSelectedStorageBackend: () => 'gnome_libsecret',
  encryptString(text: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', keychainKey(), nonce);
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  },
  decryptString(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', keychainKey(), sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(12, 28));
    return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8');
  },
};
