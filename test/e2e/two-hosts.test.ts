import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { type Console, composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { desiredStateSchema } from '../../worker-agent/src/contract/desired.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';
import { hostStatus } from '../unit/main/host-status.ts';

/** Two whole consoles on one Redis, each with its page in real Chromium. */

const soon = { timeout: 15_000, interval: 50 };
const UNDONE: (() => Promise<unknown>)[] = [];
let redis: PrivateRedis;
let db: Redis;
let browser: Browser;
let anna: { console: Console; page: Page };
let ben: { console: Console; page: Page };

async function openConsole(rendererDir: string): Promise<{ console: Console; page: Page }> {
  const dir = await mkdtemp(join(tmpdir(), 'two-hosts-'));
  const opened = await composeConsole({
    env: {
      WORKSHOP_CONSOLE_REDIS: `redis://127.0.0.1:${redis.port}`,
      WORKSHOP_CONSOLE_NAME: 'Film workshop',
    },
    dir,
    secrets: secretsInMemoryOnly,
    agentFolders: [],
  });
  const shell = await startWebShell({ services: opened.services, rendererDir });
  UNDONE.push(
    () => shell.close(),
    () => opened.close(),
    () => rm(dir, { recursive: true, force: true }),
  );
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await page.goto(shell.link());
  await page.getByRole('group', { name: 'Workers wanted on h100' }).waitFor();
  return { console: opened, page };
}

beforeAll(async () => {
  redis = await startPrivateRedis();
  db = redis.client();
  await db.sadd(keys.hosts, 'h100');
  const status = hostStatus({ at: Date.now() }, ['worker-1', 'worker-2', 'worker-3']);
  await db.set(keys.hostStatus('h100'), JSON.stringify(status));
  const first = {
    protocol: status.protocol,
    revision: 1,
    at: Date.now(),
    by: 'agent on h100',
    workers: 1,
    drained: [],
  };
  await db.set(keys.hostDesired('h100'), JSON.stringify(first));
  await submitAsQueueManager(db, {
    ...{
      id: 'job-of-user004',
      userId: 'user004',
      workflow: '{}',
      priority: 2,
      createdAtMicros: Date.now() * 1000,
    },
  });
  const rendererDir = await buildRenderer();
  browser = await openBrowser();
  anna = await openConsole(rendererDir);
  ben = await openConsole(rendererDir);
  UNDONE.push(() => removeRenderer(rendererDir));
});
afterAll(async () => {
  await browser?.close();
  for (const undo of UNDONE) await undo();
  await redis?.stop();
});

const wanted = async () =>
  desiredStateSchema.parse(JSON.parse((await db.get(keys.hostDesired('h100'))) ?? ''));
const notice = (page: Page, title: string) => page.getByRole('alert').filter({ hasText: title });

test('each console has a name, which the host may change and which is kept', async () => {
  await anna.page.keyboard.press('Control+k');
  await anna.page.getByLabel('Find an action').fill('name of this');
  await anna.page.getByRole('dialog').getByText('Name of this console…').waitFor();
  await anna.page.keyboard.press('Enter');
  const field = anna.page
    .getByRole('dialog', { name: 'Name of this console' })
    .getByLabel('Name', { exact: true });
  await field.fill('Anna <b>at</b> the stage\u202e');
  await field.press('Enter');
  await anna.page.getByRole('button', { name: 'Recent' }).click();
  await anna.page.getByText('This console is called Anna <b>at</b> the stage.').waitFor();
  await anna.page.keyboard.press('Escape');
  await ben.console.services.consoleName.rename({ name: 'Ben' });
});

test('a click onto what another host has just changed is refused and explained, and can be applied again', async () => {
  // Presses in the same moment in which the other's number appears: nobody can have read it.
  const pressed = anna.page.evaluate(
    () =>
      new Promise<void>((done) => {
        const watch = new MutationObserver(() => {
          const group = document.querySelector('[aria-label="Workers wanted on h100"]');
          if (!group?.textContent?.includes('→ 2')) return;
          watch.disconnect();
          group.querySelector<HTMLElement>('[aria-label="One worker more on h100"]')?.click();
          done();
        });
        watch.observe(document.body, { subtree: true, childList: true, characterData: true });
      }),
  );
  await ben.console.services.fleet.setCount({ hostId: 'h100', workers: 2, revision: 1 });
  await pressed;
  const refused = notice(anna.page, 'The number of workers was not changed');
  await refused.getByText(/^Ben changed it \d+ s ago: 2 workers wanted\.$/).waitFor();
  await notice(anna.page, 'Ben').getByText('2 workers wanted on h100, was 1.').waitFor();
  expect(await wanted()).toMatchObject({ revision: 2, workers: 2, by: 'Ben' });
  await refused.getByRole('button', { name: 'Apply again' }).click();
  await vi.waitFor(
    async () =>
      expect(await wanted()).toMatchObject({ revision: 3, workers: 3, by: 'Anna <b>at</b> the stage' }),
    soon,
  );
  await notice(ben.page, 'Anna <b>at</b> the stage').getByText('3 workers wanted on h100, was 2.').waitFor();
});

test('holds, orders and acts on jobs are told to the other host, and can be read back', async () => {
  await ben.page.getByRole('button', { name: 'Hold queue' }).click();
  await notice(anna.page, 'Ben').getByText('The queue is held.').waitFor();
  // Within a second of the other's change the answer is a refusal, as above; then it is meant.
  const release = anna.page.getByRole('button', { name: 'Release queue' });
  await vi.waitFor(async () => {
    if (await release.isVisible()) await release.click({ timeout: 1000 });
    expect(await db.get(keys.control)).toContain('"held":false');
  }, soon);
  await notice(ben.page, 'Anna').getByText('The queue goes on.').waitFor();
  await anna.console.services.jobs.cancel({ jobId: 'job-of-user004' });
  await ben.page.getByRole('button', { name: 'Recent' }).click();
  const recent = ben.page.getByRole('list', { name: 'Recent events' });
  await recent.getByText('Anna <b>at</b> the stage: Cancelled a job of user004 that waited.').waitFor();
  await recent.getByText(/^Ben: The queue is held/).waitFor();
  await ben.page.keyboard.press('Escape');
});

test('many clicks of both at once: every one is done or refused, none is lost in silence', async () => {
  const tries = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, at) => {
      const { fleet } = (at % 2 === 0 ? anna : ben).console.services;
      const { revision } = await wanted();
      return fleet.setCount({ hostId: 'h100', workers: at % 4, revision });
    }),
  );
  const receipts = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  // Two equal wishes of one console in the same millisecond are one.
  const told = new Map(receipts.map(({ revision, wanted: { workers } }) => [revision, workers]));
  expect((await wanted()).revision).toBe(3 + told.size);
  for (const { revision, wanted: mine } of receipts) expect(mine.workers).toBe(told.get(revision));
  for (const one of tries)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'CONFLICT' });
});
