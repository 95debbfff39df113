import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { processesNaming } from '../../resources/demo/own-processes.ts';
import { commandPath } from '../../resources/demo/system-packages.ts';
import { StagePage } from '../support/stage-page.ts';

const MINUTE = 60_000;

let temp: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), 'demo-command-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
});

interface Run {
  process: ChildProcess;
  output: () => string;
  exitCode: Promise<number | null>;
}

/** The demo as `npm run demo` starts it, with a temp folder of its own to look into afterwards. */
function demo(...args: string[]): Run {
  const run = spawn(process.execPath, [resolve('resources/demo/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temp },
  });
  child = run;
  let output = '';
  for (const stream of [run.stdout, run.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return {
    process: run,
    output: () => output,
    exitCode: once(run, 'close').then(([code]) => (typeof code === 'number' ? code : null)),
  };
}

async function leavesNothing(): Promise<void> {
  await vi.waitFor(() => expect([processesNaming(temp), readdirSync(temp)]).toEqual([[], []]), {
    timeout: 15_000,
    interval: 100,
  });
}

test('runs a number of jobs to their end, says so, and leaves nothing behind', {
  timeout: 3 * MINUTE,
}, async () => {
  const run = demo('--headless', '--exit-after-jobs', '25', '--speed', '30', '--users', '8', '--seed', '9');
  const exitCode = await run.exitCode;
  expect(run.output()).toMatch(
    /Summary: submitted 25, completed \d+, failed \d+, cancelled \d+, lost 0, settled twice 0\n/,
  );
  expect(exitCode).toBe(0);
  await leavesNothing();
});

test('prints the link of a console whose Stage shows busy workers; Ctrl-C ends it all', {
  timeout: 3 * MINUTE,
}, async () => {
  const run = demo('--no-open', '--speed', '4');
  const browser = await chromium.launch({
    executablePath: commandPath('chromium') ?? 'chromium',
    args: ['--no-sandbox'],
  });
  try {
    await vi.waitFor(() => expect(run.output()).toMatch(/^Console: http:\S+$/m), { timeout: MINUTE });
    const link = /^Console: (http:\S+)$/m.exec(run.output())?.[1] ?? '';
    const page = await browser.newPage();
    await page.goto(link);
    const stage = new StagePage(page, 'demo-h100');
    await stage.worker('worker-1', 'busy').waitFor({ timeout: MINUTE });
    await stage.worker('worker-2', 'busy').waitFor({ timeout: MINUTE });
    await vi.waitFor(async () => expect(await stage.vramGigabytes('worker-2')).toBeGreaterThan(1), {
      timeout: MINUTE,
    });
    run.process.kill('SIGINT');
    expect(await run.exitCode).toBe(0);
    await leavesNothing();
  } finally {
    await browser.close();
  }
});

test('leaves nothing behind even when it is killed', { timeout: MINUTE }, async () => {
  const run = demo('--headless');
  // Guardian, agent, Redis and two ComfyUI doubles.
  await vi.waitFor(() => expect(processesNaming(temp).length).toBeGreaterThanOrEqual(5), { timeout: MINUTE });
  run.process.kill('SIGKILL');
  await run.exitCode;
  await leavesNothing();
});

test('names a bad option and starts nothing', async () => {
  const run = demo('--speed', 'fast');
  expect(await run.exitCode).toBe(2);
  expect(run.output()).toContain('--speed fast must be a number');
  expect(existsSync(temp) && readdirSync(temp)).toEqual([]);
});
