import { type Browser, chromium } from 'playwright-core';

/** The system's Chromium; tests and benches run as root, where its sandbox cannot. */
export function openBrowser(args: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', ...args],
  });
}
