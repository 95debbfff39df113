import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { _electron, type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../../../resources/demo/free-port.ts';

const root = resolve(import.meta.dirname, '../../..');
const OPENS_WITHIN_MS = 30_000;

export interface LaunchedConsole {
  /** The console's window. */
  page: Page;
  /** What main has written to its standard output and error so far. */
  output(): string;
  /** Closes the app and waits for its end. Idempotent. */
  close(): Promise<void>;
}

export type ElectronPresence = { kind: 'present'; binary: string } | { kind: 'absent'; why: string };

/** Whether the real binary is on this machine, and why not. Downloads nothing. */
export function electronPresence(): ElectronPresence {
  const folder = join(root, 'node_modules/electron');
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile))
    return { kind: 'absent', why: 'Electron’s binary was not downloaded on this machine' };
  const binary = join(
    process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'),
    readFileSync(pathFile, 'utf8').trim(),
  );
  return existsSync(binary)
    ? { kind: 'present', binary }
    : { kind: 'absent', why: `Electron’s binary is missing at ${binary}` };
}

/** Runs the built desktop app on real Electron. @throws Error when the binary is absent. */
export async function launchRealElectron(
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<LaunchedConsole> {
  const presence = electronPresence();
  if (presence.kind === 'absent') throw new Error(presence.why);
  const app = await _electron.launch({
    executablePath: presence.binary,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root],
    env: { ...definedOnly(process.env), ...definedOnly(options.env ?? {}) },
  });
  let output = '';
  for (const stream of [app.process().stdout, app.process().stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return { page: await app.firstWindow(), output: () => output, close: () => app.close() };
}

/** Runs the built desktop app (out/main, out/preload, out/renderer) under the stand-in. */
export async function launchUnderStandIn(
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<LaunchedConsole> {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'register.ts'), join(root, 'out/main/electron.js')],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env, STAND_IN_DEBUG_PORT: String(port) },
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  let browser: Browser | undefined;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      // Only our view of it; the app ends its browser itself.
      await browser?.close().catch(() => {});
      await end(child);
    })();
    return closing;
  };
  try {
    const late = AbortSignal.timeout(OPENS_WITHIN_MS);
    browser = await untilAnswering(child, port, late);
    return { page: await consolePage(browser, late), output: () => output, close };
  } catch (cause) {
    await close();
    throw new Error(`the console did not open under the stand-in: ${output}`, { cause });
  }
}

async function untilAnswering(child: ChildProcess, port: number, late: AbortSignal): Promise<Browser> {
  for (;;) {
    try {
      return await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { timeout: 5000 });
    } catch (cause) {
      if (late.aborted || child.exitCode !== null) throw cause;
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }
}

/** The page that shows the console; Chromium also keeps an empty one. */
async function consolePage(browser: Browser, late: AbortSignal): Promise<Page> {
  while (!late.aborted) {
    for (const page of browser.contexts().flatMap((context) => context.pages()))
      if (page.url().startsWith('file:') || page.url().startsWith('http:')) {
        await page.waitForLoadState();
        return page;
      }
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error('no window was opened');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(hard);
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
