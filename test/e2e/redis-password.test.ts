import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type DemoWorkshop, startDemoWorkshop } from '../../resources/demo/demo-workshop.ts';
import { composeConsole, type SecretStore, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';
import { root } from '../support/run-step.ts';

/*
 * The password of the Redis that is watched: not kept by a console without a keychain, or no longer the right one. The
 * composed console, the built page, a real Redis with requirepass, a real agent.
 */

const NAME = 'Film workshop';
const pictures = resolve(root, 'test/artifacts/screenshots');
/** As the keychain of a desktop: reversible, and clearly not the text itself. */
const keychain: SecretStore = {
  seal: (secret) => Buffer.from(secret).toString('hex'),
  open: (sealed) => Buffer.from(sealed, 'hex').toString(),
};

const undo: (() => unknown)[] = [];
let workshop: DemoWorkshop;
let dir: string;
let rendererDir: string;
let browser: Browser;
let shown: Page | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'redis-password-e2e-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  await mkdir(pictures, { recursive: true });
  workshop = await startDemoWorkshop({ users: 0, workers: 1, maxWorkers: 1, speed: 10, oomRate: 0 });
  undo.push(() => workshop.stop(1000));
  rendererDir = await buildRenderer();
  undo.push(() => removeRenderer(rendererDir));
  browser = await openBrowser();
  undo.push(() => browser.close());
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    await shown?.screenshot({ path: join(pictures, 'redis-password-failed.png') });
});

/** The console on a folder of settings, as it stands after a start, and its page. */
async function start(settings: string, secrets: SecretStore): Promise<{ page: Page; end(): Promise<void> }> {
  const opened = await composeConsole({ env: {}, dir: join(dir, settings), secrets, agentFolders: [] });
  const shell = await startWebShell({ services: opened.services, rendererDir });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(30_000);
  shown = page;
  await page.goto(shell.link());
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    await page.close();
    await shell.close();
    await opened.close();
  };
  undo.push(end);
  return { page, end };
}

async function setUp(page: Page): Promise<void> {
  await page.getByLabel('Name of the workshop').fill(NAME);
  await page.getByLabel('Redis host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(workshop.redis.port));
  await page.getByRole('textbox', { name: 'Redis password' }).fill(workshop.redis.password);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await isLive(page);
}
const isLive = async (page: Page) => {
  await page.getByRole('group', { name: `Workers wanted on ${workshop.hostId}` }).waitFor();
  await page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
};
/** All that a console keeps, as text. */
async function kept(settings: string): Promise<string> {
  const names = await readdir(join(dir, settings));
  const texts = names.map((name) => readFile(join(dir, settings, name), 'utf8').catch(() => ''));
  return (await Promise.all(texts)).join('\n');
}
const chip = (page: Page) => page.getByRole('button', { name: 'Redis needs a password' });
const state = (page: Page) => page.getByRole('region', { name: 'State' });

/** Both looks: axe, and a picture. */
async function look(page: Page, name: string): Promise<void> {
  for (const scheme of ['light', 'dark']) {
    await page.evaluate((value) => {
      document.documentElement.dataset.mantineColorScheme = value;
    }, scheme);
    expect(await axeFindings(page), `${name}, ${scheme}`).toEqual([]);
    await page.screenshot({ path: join(pictures, `redis-password-${name}.${scheme}.png`) });
  }
}

test('a console without a keychain is started again: the Stage leads to the field, a wrong one says so, the right one is live at once', async () => {
  const before = await start('web', secretsInMemoryOnly);
  await setUp(before.page);
  await before.end();

  const { page, end } = await start('web', secretsInMemoryOnly);
  await state(page).getByText('it does not let this console in.').waitFor();
  await bringAxe(page);
  await look(page, 'stage');
  await state(page).getByRole('button', { name: 'Enter the password…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Redis password' });
  const field = dialog.getByRole('textbox', { name: `Redis password of ${NAME}` });
  // There is no place for it, so nothing is offered.
  await dialog.getByText('It is remembered until this console is closed.').waitFor();
  await field.fill('not-the-one');
  await field.press('Enter');
  await dialog.getByText(/refuses the password/).waitFor();
  await look(page, 'refused');
  await field.fill(workshop.redis.password);
  await dialog.getByRole('button', { name: 'Connect' }).click();
  await dialog.waitFor({ state: 'detached' });
  await isLive(page);
  expect(await kept('web')).not.toContain(workshop.redis.password);
  await end();

  // In Setup the field stands with the workshop that is watched, and goes when it is in order.
  const again = await start('web', secretsInMemoryOnly);
  await chip(again.page).waitFor();
  await again.page.getByRole('button', { name: 'Setup' }).click();
  const row = again.page.getByRole('list', { name: 'Saved workshops' }).getByRole('listitem');
  await row.getByText('Watched now').waitFor();
  const inRow = row.getByRole('textbox', { name: `Redis password of ${NAME}` });
  await inRow.fill(workshop.redis.password);
  await bringAxe(again.page);
  await look(again.page, 'setup');
  await inRow.press('Enter');
  await inRow.waitFor({ state: 'detached' });
  await again.page.keyboard.press('1');
  await isLive(again.page);
  await again.end();
});

test('a password that was changed on the VPS is entered from the header; the keychain keeps the new one, or not', async () => {
  const { page, end } = await start('desktop', keychain);
  await setUp(page);
  await page.keyboard.press('2');
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
  const rotated = `rotated-${Date.now()}`;
  const admin = workshop.redis.client();
  await admin.config('SET', 'requirepass', rotated);
  undo.push(() => admin.config('SET', 'requirepass', workshop.redis.password));
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await chip(page).click();
  await page.getByText(/refuses the password/).waitFor();
  await bringAxe(page);
  await look(page, 'chip');
  await page.getByRole('button', { name: 'Enter the password…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Redis password' });
  const keep = dialog.getByRole('checkbox', { name: 'Keep it in the keychain of this computer' });
  expect(await keep.isChecked()).toBe(true);
  await keep.uncheck();
  await dialog.getByRole('textbox').fill(rotated);
  await dialog.getByRole('button', { name: 'Connect' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
  expect(await kept('desktop')).toContain('"asked"');
  await end();

  const next = await start('desktop', keychain);
  await chip(next.page).waitFor();
  await state(next.page).getByRole('button', { name: 'Enter the password…' }).click();
  await dialogOf(next.page).getByRole('textbox').fill(rotated);
  await dialogOf(next.page).getByRole('button', { name: 'Connect' }).click();
  await next.page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
  await next.end();

  const last = await start('desktop', keychain);
  await last.page.getByRole('button', { name: /^Redis [\d.]+ ms/ }).waitFor();
  expect(await kept('desktop')).not.toContain(rotated);
  await last.end();
});

const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'Redis password' });
