import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { BrowserContext, Frame, Page, Route } from 'playwright-core';
import { DELIVER, preloadScript, SEND_BINDING } from './preload-page.ts';

/** What a window needs of the rest of the stand-in. */
export interface WindowWorld {
  context(): BrowserContext;
  /** Receives what pages send, as ipcMain does. */
  receive(channel: string, event: object, args: unknown[]): void;
  /** The page exists from now on; no script of it has run. */
  created(contents: StandInContents): void;
  closed(): void;
  /** Presses an entry of the tray's menu. */
  pressTray(label: string): void;
}

export interface WindowOptions {
  width?: number;
  height?: number;
  show?: boolean;
  webPreferences?: {
    preload?: string;
    sandbox?: boolean;
    contextIsolation?: boolean;
    nodeIntegration?: boolean;
  };
}

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

export function preventable<More extends object>(more: More) {
  return {
    ...more,
    defaultPrevented: false,
    preventDefault() {
      this.defaultPrevented = true;
    },
  };
}

let lastId = 0;

export class StandInContents extends EventEmitter {
  readonly id = ++lastId;
  readonly mainFrame: { readonly url: string };
  page: Page | undefined;
  #destroyed = false;
  #openHandler: OpenHandler = () => ({ action: 'allow' });

  constructor() {
    super();
    const contents = this;
    this.mainFrame = {
      get url() {
        return contents.getURL();
      },
    };
  }

  getURL(): string {
    return this.page?.url() ?? '';
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }

  maySpawn(url: string): boolean {
    return this.#openHandler({ url }).action === 'allow';
  }

  send(channel: string, ...args: unknown[]): void {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
    const message: [string, string, unknown[]] = [DELIVER, channel, structuredClone(args)];
    const deliver = ([symbol, name, values]: [string, string, unknown[]]) => {
      const door: unknown = Reflect.get(window, Symbol.for(symbol));
      if (typeof door === 'function') door(name, values);
    };
    // A page that is just navigating away does not hear it; neither would Electron's.
    this.page?.evaluate(deliver, message).catch(() => {});
  }

  async printToPDF({ printBackground = false } = {}): Promise<Buffer> {
    if (!this.page) throw new Error('the page is not open yet');
    return this.page.pdf({ format: 'A4', printBackground, preferCSSPageSize: true });
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.emit('destroyed');
  }
}

const windows = new Set<StandInWindow>();

/** A window is a page of headless Chromium. It opens behind the synchronous constructor; later calls queue up. */
export class StandInWindow extends EventEmitter {
  static world: WindowWorld;

  static getAllWindows(): StandInWindow[] {
    return [...windows];
  }

  readonly webContents = new StandInContents();
  readonly options: WindowOptions;
  #opening: Promise<Page>;
  #destroyed = false;
  #crashed = false;

  constructor(options: WindowOptions = {}) {
    super();
    this.options = options;
    windows.add(this);
    StandInWindow.world.created(this.webContents);
    this.#opening = this.#open();
  }

  async #open(): Promise<Page> {
    const { context, receive } = StandInWindow.world;
    const contents = this.webContents;
    const page = await context().newPage();
    contents.page = page;
    await page.setViewportSize({ width: this.options.width ?? 800, height: this.options.height ?? 600 });
    await page.exposeBinding(
      SEND_BINDING,
      ({ frame }: { frame: Frame }, channel: string, args: unknown[]) => {
        const senderFrame = frame === page.mainFrame() ? contents.mainFrame : { url: frame.url() };
        receive(channel, { sender: contents, senderFrame }, args);
      },
    );
    // The tray is no part of a page; only a test presses it from here.
    await page.exposeFunction('standInPressTray', (label: string) => StandInWindow.world.pressTray(label));
    // As a person does with the window's own button.
    await page.exposeFunction('standInCloseWindow', () => void this.close());
    const preload = this.options.webPreferences?.preload;
    if (preload !== undefined)
      await page.addInitScript({ content: preloadScript(readFileSync(preload, 'utf8')) });
    await page.route('**/*', (route) => this.#navigate(page, route));
    page.on('load', () => {
      contents.emit('did-finish-load');
      this.emit('ready-to-show');
    });
    page.on('crash', () => {
      this.#crashed = true;
      contents.emit('render-process-gone', preventable({}), { reason: 'crashed', exitCode: 1 });
    });
    page.on('popup', (popup) => {
      if (!contents.maySpawn(popup.url())) popup.close().catch(() => {});
    });
    page.on('close', () => {
      if (contents.page === page) this.#gone();
    });
    return page;
  }

  /** Tells main of main-frame navigations before they happen, and lets it prevent those that the page began. */
  async #navigate(page: Page, route: Route): Promise<void> {
    const request = route.request();
    if (!request.isNavigationRequest() || request.frame() !== page.mainFrame()) return route.continue();
    const url = request.url();
    const begunByMain = this.#loading === url;
    const isReload = url === page.url();
    if (!begunByMain && !isReload) {
      const event = preventable({ url });
      this.webContents.emit('will-navigate', event);
      if (event.defaultPrevented) return route.abort('aborted');
    }
    this.webContents.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false });
    await route.continue();
  }

  #loading: string | undefined;

  async loadURL(url: string): Promise<void> {
    if (this.#crashed) {
      // A page of this Chromium that crashed cannot be used again; the window gets another one.
      this.#crashed = false;
      const dead = await this.#opening;
      this.#opening = this.#open();
      await this.#opening;
      void dead.close().catch(() => {});
    }
    const page = await this.#opening;
    this.#loading = url;
    await page.goto(url);
    this.#loading = undefined;
  }

  async close(): Promise<void> {
    const event = preventable({});
    this.emit('close', event);
    if (!event.defaultPrevented) await this.destroy();
  }

  async destroy(): Promise<void> {
    const page = await this.#opening;
    await page.close();
    this.#gone();
  }

  #gone(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    windows.delete(this);
    this.webContents.destroy();
    this.emit('closed');
    if (windows.size === 0) StandInWindow.world.closed();
  }

  setBounds(bounds: { width: number; height: number }): void {
    void this.#opening.then((page) => page.setViewportSize({ width: bounds.width, height: bounds.height }));
  }

  getNormalBounds() {
    const { width = 800, height = 600 } = this.options;
    return { x: 0, y: 0, width, height };
  }

  isMaximized(): boolean {
    return false;
  }

  maximize(): void {}

  setFullScreen(): void {}

  isFullScreen(): boolean {
    return false;
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  show(): void {}
  focus(): void {}
  restore(): void {}

  isMinimized(): boolean {
    return false;
  }
}
