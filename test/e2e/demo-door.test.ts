import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import type { Console } from '../../src-main/app/compose.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { until } from '../integration/main/until.ts';
import { openConsoleInBrowser } from '../support/console-in-browser.ts';
import { root } from '../support/run-step.ts';

/** The no-risk door, from a console that was just started: the real demo behind it, real Chromium before it. */

const pictures = resolve(root, 'test/artifacts/screenshots');
const undo: (() => unknown)[] = [];
let page: Page;
let redis: PrivateRedis;
let opened: Console;

beforeAll(async () => {
  // Demos of others on this machine are not counted.
  const temporary = await mkdtemp(join(tmpdir(), 'demo-door-'));
  undo.push(() => rm(temporary, { recursive: true, force: true, maxRetries: 5 }));
  vi.stubEnv('TMPDIR', temporary);
  undo.push(() => vi.unstubAllEnvs());
  redis = await startPrivateRedis({ password: 'secret' });
  undo.push(() => redis.stop());
  const inBrowser = await openConsoleInBrowser('demo-door', { sources: root });
  undo.push(inBrowser.close);
  opened = inBrowser.console;
  page = inBrowser.page;
  await inBrowser.open();
});
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await page?.screenshot({ path: join(pictures, 'demo-door-failed.png') });
});

const demos = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('workshop-demo-'));
const title = () => page.getByRole('heading', { level: 1 });
const screen = (name: string) =>
  page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name }).click();
const enter = async () => {
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await title().filter({ hasText: 'Demo workshop' }).waitFor();
  await page.getByRole('main', { name: 'Stage' }).waitFor();
};
const leave = () => page.getByRole('banner').getByRole('button', { name: 'Leave the demo' }).click();

test('from the first run into the demo and back, and nothing of it stays', async () => {
  const before = await demos();
  await page.getByRole('button', { name: 'Open the demo' }).waitFor();
  await page.screenshot({ path: join(pictures, 'demo-door-first-run.png') });
  await enter();
  await page.getByRole('article', { name: /^worker-1, / }).waitFor();
  await page.screenshot({ path: join(pictures, 'demo-door-inside.png') });
  expect((await demos()).length).toBe(before.length + 1);
  // It is no saved workshop, and no machine is deployed to from it.
  expect((await opened.services.workshops.view()).workshops).toEqual([]);
  await leave();
  await page.getByRole('heading', { name: 'Connect to your workshop' }).waitFor();
  await until('the demo is gone', async () => (await demos()).length === before.length);
});

test('from a workshop that is watched it leads back to it, untouched; its machines are not acted on meanwhile', async () => {
  const before = await demos();
  const profile = {
    ...emptyProfile('real', 'Film workshop'),
    redis: { host: '127.0.0.1', port: redis.port, tls: false, through: 'direct' as const },
    gpuHosts: [{ id: 'h100', name: 'H100', provider: 'local' as const, login: null }],
  };
  await opened.services.workshops.save({ profile, password: 'secret' });
  await opened.services.workshops.turnTo({ id: 'real' });
  await title().filter({ hasText: 'Film workshop' }).waitFor();
  await screen('Setup');
  await enter();
  await screen('Hosts');
  await page.getByText('This workshop has no GPU host yet.', { exact: false }).waitFor();
  await expect(opened.services.deploy.look({ targetId: 'h100', skip: [] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await screen('Setup');
  await page.getByText('You are in the demo.').waitFor();
  await page.screenshot({ path: join(pictures, 'demo-door-setup.png') });
  // Forgetting a workshop from here forgets no saved one.
  await opened.services.settings.disconnect();
  await title().filter({ hasText: 'Film workshop' }).waitFor();
  await page.getByRole('button', { name: /^Redis .*ms/ }).waitFor();
  expect(await opened.services.workshops.view()).toMatchObject({
    currentId: 'real',
    workshops: [{ profile }],
  });
  await until('the demo is gone', async () => (await demos()).length === before.length);
});

test('a console that is closed takes the demo with it', async () => {
  const before = await demos();
  await screen('Setup');
  await enter();
  await opened.close();
  expect((await demos()).length).toBe(before.length);
});
