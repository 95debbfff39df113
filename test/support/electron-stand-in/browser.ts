import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

/** The one headless Chromium behind the stand-in; tests look into it through its debugging port. */
export interface StandInBrowser {
  context: BrowserContext;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<StandInBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'electron-stand-in-'));
  const port = process.env.STAND_IN_DEBUG_PORT;
  // Persistent, so that its pages are visible to whoever connects over the debugging port.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      // Electron loads module scripts from file:// by itself; Chromium must be allowed to.
      '--allow-file-access-from-files',
      ...(port === undefined ? [] : [`--remote-debugging-port=${port}`]),
    ],
    viewport: null,
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
