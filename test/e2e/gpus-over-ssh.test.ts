import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, prepareAgent } from '../../resources/demo/agent-process.ts';
import { startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { writeVramFile } from '../../resources/demo/comfy-double/vram-file.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import type { Services } from '../../src-main/api/roles.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { type ConsoleInBrowser, openConsoleInBrowser } from '../support/console-in-browser.ts';
import { root } from '../support/run-step.ts';
import { type SshServer, startSshServer } from '../support/ssh-server.ts';

/*
 * The GPU of a host whose agent is not heard, in a whole console: real sshd, real Redis, the real agent; nvidia-smi is
 * the project's double, which both ask. Before the agent is there, while it tells, and while Redis is down.
 */

const HOST = 'h100';
const NAME = 'Studio H100';
const GB = 1024 ** 3;
const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let redis: PrivateRedis;
let sshd: SshServer;
let agent: AgentProcess;
let opened: ConsoleInBrowser;
let services: Services;
let page: Page;

/** What this process, a ComfyUI in the eyes of the double, holds of the card. */
const hold = (gb: number) =>
  writeVramFile(join(sshd.home, 'cards/gpu0/comfy.json'), {
    ...{ pid: process.pid, port: 1, utilisation: 60 },
    vramBytes: gb * GB,
  });

beforeAll(async () => {
  redis = await startPrivateRedis();
  undo.push(() => redis.stop());
  sshd = await startSshServer({ ownHome: true });
  undo.push(() => sshd.close());
  const smi = join(sshd.home, 'bin/nvidia-smi');
  await mkdir(join(sshd.home, 'bin'));
  await mkdir(join(sshd.home, 'cards/gpu0'), { recursive: true });
  const double = resolve(root, 'resources/demo/nvidia-smi-double/main.ts');
  // Says who asks: its process, and for what.
  await writeFile(
    smi,
    `#!/bin/sh
echo "$$ $1" >> "${sshd.home}/asked"
WORKSHOP_CARDS_DIR="${sshd.home}/cards" exec "${process.execPath}" --no-warnings "${double}" "$@"
`,
  );
  await chmod(smi, 0o755);
  hold(24);
  const comfy = await startComfyDouble();
  undo.push(() => comfy.stop());
  await mkdir(join(sshd.home, 'agent'));
  agent = prepareAgent({
    dir: join(sshd.home, 'agent'),
    configuration: {
      ...{ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port), NUM_WORKERS: '1' },
      ...{ AGENT_HOST_ID: HOST, COMFYUI_URLS: comfy.url },
      AGENT_STATE_DIR: join(sshd.home, 'agent/state'),
      OUTPUTS_PATH: join(sshd.home, 'agent/outputs'),
      NVIDIA_SMI: `${process.execPath} --no-warnings ${double}`,
    },
    environment: { WORKSHOP_CARDS_DIR: join(sshd.home, 'cards') },
  });
  undo.push(() => agent.kill());
  opened = await openConsoleInBrowser('gpus-over-ssh', { laptop: true });
  undo.push(opened.close);
  ({ services } = opened.console);
  ({ page } = opened);
  const login = { host: '127.0.0.1', port: sshd.port, user: sshd.user, keyFile: sshd.keyFile };
  await services.workshops.save({
    profile: {
      ...emptyProfile('one', 'Film workshop'),
      redis: { host: '127.0.0.1', port: redis.port, tls: false, through: 'direct' },
      gpuHosts: [{ id: HOST, name: NAME, provider: 'other', login }],
    },
    password: null,
  });
  await services.workshops.turnTo({ id: 'one' });
  await opened.open();
  await bringAxe(page);
  await page.getByRole('button', { name: 'Yes, it is the same' }).click();
  await page.getByRole('button', { name: new RegExp(`^${NAME} ssh [\\d.]+ ms`) }).waitFor();
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await page?.screenshot({ path: join(pictures, 'gpus-over-ssh-failed.png') });
});

const gpu = () => page.getByRole('region', { name: /^GPU 0 · NVIDIA H100/ });
const overSsh = () => gpu().getByText(/^from nvidia-smi over SSH, (now|\d+ s old)$/);
/** Figures as they stand on the panel, a card with so much in use. */
const shows = (inUse: string) =>
  gpu()
    .getByText(new RegExp(`^${inUse} of 80 GB$`))
    .waitFor();

/** The Stage in both looks: axe, and a picture. */
async function look(name: string): Promise<void> {
  for (const scheme of ['dark', 'light']) {
    await page.keyboard.press('l');
    await page.waitForFunction(
      (wanted) => document.documentElement.dataset.mantineColorScheme === wanted,
      scheme === 'dark' ? 'light' : 'dark',
    );
    expect(await axeFindings(page), `${name}, ${scheme}`).toEqual([]);
    await page.screenshot({ path: join(pictures, `gpus-over-ssh-${name}.${scheme}.png`) });
  }
}

/** Processes of nvidia-smi that were begun over SSH and live. */
async function asking(): Promise<string[]> {
  const asked = (await readFile(join(sshd.home, 'asked'), 'utf8')).trim().split('\n');
  const alive = await Promise.all(
    asked.map(async (line) => {
      const words = await readFile(`/proc/${line.split(' ')[0]}/cmdline`, 'utf8').catch(() => '');
      return words.includes('nvidia-smi-double') ? line : '';
    }),
  );
  return alive.filter((line) => line !== '');
}

test('before an agent is there, the panel shows the card as nvidia-smi tells it, and what holds its memory', async () => {
  await overSsh().waitFor();
  await shows('24.0');
  const bar = gpu().getByRole('list', { name: 'VRAM by program' });
  await bar.getByText('python3').waitFor();
  await gpu().getByText('guard 70 GB').waitFor();
  await gpu()
    .getByText(/^\d+ of 700 W$/)
    .waitFor();
  await gpu()
    .getByText(/^\d+ °C$/)
    .waitFor();
  await page.getByRole('heading', { name: 'Waiting for a GPU host' }).waitFor();
  // One channel, in which both queries live on.
  await expect.poll(async () => (await asking()).length).toBe(2);
  expect((await readFile(join(sshd.home, 'asked'), 'utf8')).trim().split('\n')).toHaveLength(2);
  await look('before-agent');
});

test('as soon as the agent tells, its word counts and nothing is asked over SSH', {
  timeout: 60_000,
}, async () => {
  await agent.start();
  await page.getByRole('article', { name: /^worker-1, idle/ }).waitFor();
  await overSsh().waitFor({ state: 'detached' });
  await shows('24.0');
  await expect.poll(asking, { timeout: 20_000 }).toEqual([]);
});

test('Redis goes down: the panel stays live, from nvidia-smi, while what the agent tells is the last known', {
  timeout: 120_000,
}, async () => {
  await redis.kill();
  await overSsh().waitFor();
  await page.getByText(/^Redis is lost since/).waitFor();
  hold(72);
  await shows('72.0');
  // What the agent said of its worker stands greyed beside it, with its age.
  await page.getByRole('region', { name: 'Workers' }).getByText(/ ago$/).waitFor();
  await page.getByText('Nobody waited at last').waitFor();
  const { watch } = services;
  const stop = new AbortController();
  for await (const { changes } of watch.watch(stop.signal)) {
    const last = changes.flatMap((one) => (one.kind === 'sample' ? [one.sample] : [])).at(-1);
    if ((last?.vramMiB[`${HOST}/0`] ?? 0) > 70_000) break;
  }
  stop.abort();
  // The alert comes once it has held for as long as its rule says.
  await page.getByRole('button', { name: /^Alerts: / }).click();
  await page
    .getByRole('dialog')
    .getByText(/^GPU 0 of Studio H100 holds 72 GB of VRAM, above the guard of 70 GB, as nvidia-smi says/)
    .waitFor({ timeout: 100_000 });
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await look('redis-down');
});

test('the login is lost as well: the figures stay, as old as they are, until it is back', {
  timeout: 120_000,
}, async () => {
  await sshd.stop();
  await gpu()
    .getByText(/^from nvidia-smi over SSH, \d+ s old$/)
    .waitFor();
  await shows('72.0');
  await look('login-down');
  hold(30);
  await sshd.start();
  await shows('30.0');
});

test('Redis is back: the agent is heard again, and nvidia-smi over SSH ends', {
  timeout: 60_000,
}, async () => {
  await redis.start();
  await overSsh().waitFor({ state: 'detached', timeout: 50_000 });
  await page.getByRole('article', { name: /^worker-1, idle/ }).waitFor();
  await shows('30.0');
  await expect.poll(asking, { timeout: 20_000 }).toEqual([]);
});
