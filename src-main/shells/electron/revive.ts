import type { BrowserWindow } from 'electron';

/** A page that stops this soon after it was loaded again is not loaded a third time by itself, ms. */
const AGAIN_WITHIN_MS = 60_000;
/** A page that does not react for this long is ended and loaded again, ms. */
const HANGS_AFTER_MS = 10_000;

export interface ReviveNeeds {
  /** Loads its page into the window. */
  load(): Promise<void>;
  /** Its page was loaded again; said where it does not disturb the room. */
  revived(): void;
  /** It stopped twice: the person decides. */
  gaveUp(): void;
}

/** A window's page that crashed or hangs is loaded again, once; the second time within a minute the person is told. */
export function reviveWindow(window: BrowserWindow, { load, revived, gaveUp }: ReviveNeeds): void {
  let lastAt = Number.NEGATIVE_INFINITY;
  let hanging: ReturnType<typeof setTimeout> | undefined;
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    clearTimeout(hanging);
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const now = performance.now();
    const again = now - lastAt < AGAIN_WITHIN_MS;
    lastAt = now;
    if (again) return gaveUp();
    void load().then(revived, () => {
      if (!window.isDestroyed()) gaveUp();
    });
  });
  window.on('unresponsive', () => {
    clearTimeout(hanging);
    hanging = setTimeout(() => {
      if (!window.isDestroyed()) window.webContents.forcefullyCrashRenderer();
    }, HANGS_AFTER_MS);
  });
  window.on('responsive', () => clearTimeout(hanging));
  window.once('closed', () => clearTimeout(hanging));
}
