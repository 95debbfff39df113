import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../integration/main/until.ts';
import { electronPresence } from '../support/electron-stand-in/launch.ts';

const root = resolve(import.meta.dirname, '../..');
const started: ChildProcess[] = [];
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'start-command-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

function start(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { DISPLAY: _display, WAYLAND_DISPLAY: _wayland, ...rest } = process.env;
  const child = spawn(process.execPath, ['src-main/shells/start.ts', ...args], {
    cwd: root,
    env: { ...rest, WORKSHOP_CONSOLE_DIR: dir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  return { child, output: () => output };
}

const link = (output: string) => /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(output)?.[0];

test('--web prints a link that opens the console, and SIGTERM ends it cleanly', async () => {
  const { child, output } = start(['--web', '--no-open']);
  const url = await until('a link', () => link(output()));
  const answer = await fetch(url, { redirect: 'manual' });
  expect(answer.status).toBe(303);
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone).toEqual([0, null]);
  await expect(fetch(url)).rejects.toThrow();
});

describe.skipIf(electronPresence().kind === 'present')('without Electron’s binary', () => {
  test('one sentence says so and the web shell opens instead', async () => {
    const { output } = start(['--no-open']);
    await until('a link', () => link(output()));
    const sentences = output().match(/Electron[^\n]*/g);
    expect(sentences).toHaveLength(1);
    expect(sentences?.[0]).toMatch(/web shell opens instead/);
  });
});

test('a port that is taken, and a wrong setting, end with one sentence and no stack', async () => {
  const first = start(['--web', '--no-open']);
  const port = new URL(await until('a link', () => link(first.output()))).port;
  const second = start(['--web', '--no-open', '--port', port]);
  const [code] = await once(second.child, 'exit');
  expect(code).toBe(1);
  expect(second.output()).toMatch(/EADDRINUSE|in use/);
  const third = start(['--web', '--no-open'], { WORKSHOP_CONSOLE_REDIS: 'http://:geheim@x' });
  expect((await once(third.child, 'exit'))[0]).toBe(1);
  expect(third.output()).toMatch(/WORKSHOP_CONSOLE_REDIS must start with/);
  for (const output of [second.output(), third.output()])
    expect(output).not.toMatch(/\bat .*:\d+:\d+|geheim/);
});
