import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { ensureConsoleBuilt, WEB_SHELL } from './console-build.ts';

export interface ConsoleOptions {
  /** Its settings folder goes in here. */
  dir: string;
  redis: { port: number; password: string };
  /** Name shown in the console. */
  name: string;
  shell: 'electron' | 'web';
  /** Port of the web shell; 0 = any. */
  port?: number;
  /** Whether the web shell opens a browser by itself. Default false. */
  openBrowser?: boolean;
  /** Told each link that the web shell prints, and what either shell says on stderr. */
  onLink?: (link: string) => void;
  onComplaint?: (line: string) => void;
}

/** A console that is open, in a process of its own. */
export interface ConsoleProcess {
  readonly shell: 'electron' | 'web';
  /** The first link of the web shell; works once. Undefined for Electron. */
  readonly link: string | undefined;
  /** Resolves when it has ended, by itself or by `stop`. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

const ROOT = resolve(import.meta.dirname, '../..');
const LINK_WITHIN_MS = 20_000;

/** Path of Electron's binary, if it was downloaded; undefined otherwise. */
export function electronBinary(): string | undefined {
  const folder = join(ROOT, 'node_modules', 'electron');
  try {
    const binary = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8').trim());
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Which shell can be opened here, and why it is not Electron if it is not. */
export function chooseShell(): { shell: 'electron' } | { shell: 'web'; why: string } {
  if (electronBinary() === undefined) return { shell: 'web', why: "Electron's binary is not installed" };
  if (process.platform === 'linux') {
    if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
      return { shell: 'web', why: 'there is no display' };
    if (process.getuid?.() === 0)
      return { shell: 'web', why: 'Electron keeps its sandbox and does not run as root' };
  }
  return { shell: 'electron' };
}

/** Opens the console on a Redis; builds it first if needed. @throws Error when it does not come up. */
export async function openConsole(options: ConsoleOptions): Promise<ConsoleProcess> {
  await ensureConsoleBuilt();
  const child = options.shell === 'electron' ? spawnElectron(options) : spawnWebShell(options);
  const exited = once(child, 'exit').then(() => {});
  const complaints: string[] = [];
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaints.push(line);
      options.onComplaint?.(line);
    });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await Promise.race([exited, wait(3000, undefined, { ref: false })]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  if (options.shell === 'electron') return { shell: 'electron', link: undefined, exited, stop };

  let firstLink: (link: string) => void = () => {};
  const link = new Promise<string>((done) => {
    firstLink = done;
  });
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /https?:\/\/127\.0\.0\.1:\S+/.exec(line)?.[0];
      if (found === undefined) return;
      options.onLink?.(found);
      firstLink(found);
    });
  const first = await Promise.race([
    link,
    exited.then(() => undefined),
    wait(LINK_WITHIN_MS, undefined, { ref: false }),
  ]);
  if (first === undefined) {
    await stop();
    throw new Error(`The console did not start. ${complaints.slice(-5).join(' ')}`);
  }
  return { shell: 'web', link: first, exited, stop };
}

/** Where the console finds its workshop; the password goes by the environment, not by an argument. */
export function consoleEnvironment({ dir, redis, name }: Pick<ConsoleOptions, 'dir' | 'redis' | 'name'>) {
  return {
    WORKSHOP_CONSOLE_REDIS: `redis://:${encodeURIComponent(redis.password)}@127.0.0.1:${redis.port}`,
    WORKSHOP_CONSOLE_NAME: name,
    WORKSHOP_CONSOLE_DIR: join(dir, 'console'),
    WORKSHOP_CONSOLE_OUTPUTS: join(dir, 'outputs'),
  };
}

function spawnWebShell(options: ConsoleOptions): ChildProcess {
  const args = ['--port', String(options.port ?? 0), ...(options.openBrowser ? [] : ['--no-open'])];
  // In the terminal's own process group with its stdin: Enter there makes a new link.
  return spawn(process.execPath, [WEB_SHELL, ...args], {
    stdio: [process.stdin.isTTY ? 'inherit' : 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...consoleEnvironment(options) },
  });
}

function spawnElectron(options: ConsoleOptions): ChildProcess {
  return spawn(electronBinary() ?? 'electron', [ROOT, `--user-data-dir=${join(options.dir, 'electron')}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...consoleEnvironment(options) },
  });
}
