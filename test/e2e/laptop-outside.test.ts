import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';
import { type OwnRootMachines, startOwnRootMachines } from '../support/own-root-machine.ts';
import { readVpsEnv } from '../support/read-vps-env.ts';
import { root } from '../support/run-step.ts';
import { becomeVps } from '../support/workshop-machines.ts';

/*
 * The laptop is in no tailnet: it logs in to the VPS, whose Redis listens on an address that only the VPS itself has a
 * way to. The setup ends on a live Redis all the same, and what is kept works at the next start.
 */

const PASSWORD = 'Zq9+redis/of%outside';
/** No machine has a way there but the VPS, whose own it is; from here it is unreachable, as outside of a tailnet. */
const TAILNET = `100.127.${randomInt(128, 250)}.${randomInt(2, 250)}`;
const NAME = 'Film workshop';
const execute = promisify(execFile);
const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
const homeBefore = process.env.HOME;
let machines: OwnRootMachines<'vps'> | undefined;
let browser: Browser;
let rendererDir: string;
let dir: string;

beforeAll(async () => {
  const start = await startOwnRootMachines(['vps']);
  if (start.kind === 'unavailable') return console.log(start.reason);
  machines = start.all;
  undo.push(machines.close);
  await execute('ip', ['route', 'replace', 'unreachable', `${TAILNET}/32`]);
  undo.push(() => execute('ip', ['route', 'del', 'unreachable', `${TAILNET}/32`]).catch(() => {}));
  await becomeVps(machines.machines.vps, PASSWORD, { tailnet: TAILNET });
  dir = await mkdtemp(join(tmpdir(), 'outside-e2e-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  process.env.HOME = join(dir, 'laptop');
  await mkdir(join(dir, 'laptop'));
  undo.push(() => {
    process.env.HOME = homeBefore;
  });
  await mkdir(pictures, { recursive: true });
  rendererDir = await buildRenderer();
  browser = await openBrowser();
  undo.push(
    () => removeRenderer(rendererDir),
    () => browser.close(),
  );
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

let shown: Page | undefined;
// What stood on the screen when something failed is worth more than the line where it did.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await shown?.screenshot({ path: join(pictures, 'outside-failed.png') });
});

/** The console on a folder of settings, and its page. */
async function start(settings: string): Promise<{ page: Page; end: () => Promise<void> }> {
  const opened = await composeConsole({
    env: {},
    dir: join(dir, settings),
    secrets: secretsInMemoryOnly,
    agentFolders: [],
  });
  const shell = await startWebShell({ services: opened.services, rendererDir });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(60_000);
  shown = page;
  await page.goto(shell.link());
  const end = async () => {
    await page.close();
    await shell.close();
    await opened.close();
  };
  undo.push(end);
  return { page, end };
}

/** Enters the login to the VPS and meets its key. */
async function logIn(page: Page): Promise<void> {
  const vps = machines?.machines.vps;
  if (!vps || !machines) throw new Error('no VPS');
  const panel = page.getByRole('region', { name: 'VPS' });
  await panel.getByLabel('Address').fill(`root@${vps.address}`);
  await panel.getByLabel('Key file').fill(machines.keyFile);
  await panel.getByRole('button', { name: 'Save and connect' }).click();
  const chip = page.getByRole('button', { name: /^VPS ssh [\d.]+ ms/ });
  const met = page.getByRole('button', { name: 'Yes, it is the same' });
  // The key is asked about once; the second console finds it in known_hosts.
  await met.or(chip).waitFor();
  if (await met.isVisible()) {
    await page.getByText(vps.fingerprint).waitFor();
    await met.click();
  }
  await chip.waitFor();
}
const redisIsThere = (page: Page) => page.getByRole('button', { name: /^Redis .*\d+(\.\d+)? ms/ }).waitFor();

test('the import finds no direct way, goes through the VPS, says so and keeps it', async ({ skip }) => {
  if (!machines) skip('it needs machines of their own');
  const { page, end } = await start('console');
  await page.getByRole('button', { name: 'Setup' }).click();
  await page.getByLabel('Name of the workshop').fill(NAME);
  await page.getByRole('button', { name: 'Begin' }).click();
  await logIn(page);
  const env = await readVpsEnv(page);
  await env.getByText(`The GPU host will reach Redis at ${TAILNET}:6379.`).waitFor();
  await env.getByRole('button', { name: 'Connect this console to this Redis' }).click();
  const notice = page.getByText(/is connected to the workshop, through the VPS, over SSH/);
  await notice.waitFor();
  expect(await notice.textContent()).toContain(
    `The other way does not work: ${TAILNET}:6379 cannot be reached.`,
  );
  await page.screenshot({ path: join(pictures, 'outside-connected.png') });
  await redisIsThere(page);
  expect(await page.getByLabel('How this console reaches Redis').inputValue()).toBe('vps');
  await end();

  const again = await start('console');
  await again.page.getByRole('button', { name: 'Setup' }).click();
  expect(await again.page.getByLabel('How this console reaches Redis').inputValue()).toBe('vps');
  await again.end();
});

test('the first-run form, too, leads through the VPS', async ({ skip }) => {
  if (!machines) skip('it needs machines of their own');
  const { page, end } = await start('console-by-form');
  await page.getByRole('textbox', { name: 'Name of the workshop' }).fill(NAME);
  await page.getByLabel('Redis host').fill(TAILNET);
  await page.getByLabel('Redis password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('button', { name: 'Reach it through the VPS' }).waitFor();
  await page.screenshot({ path: join(pictures, 'outside-first-run.png') });
  await page.getByRole('button', { name: 'Reach it through the VPS' }).click();
  await page.getByRole('main', { name: 'Setup' }).waitFor();
  await logIn(page);
  await redisIsThere(page);
  await end();
});
