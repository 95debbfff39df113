import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Redis } from 'ioredis';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { type Console, composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { bundleAgent, describeAgent } from '../../worker-agent/build.ts';
import { desiredStateSchema } from '../../worker-agent/src/contract/desired.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { root } from '../support/run-step.ts';
import { hostStatus } from '../unit/main/host-status.ts';

/** Two whole consoles on one Redis, each with its page in real Chromium. */

const soon = { timeout: 15_000, interval: 50 };
const UNDONE: (() => Promise<unknown>)[] = [];
let redis: PrivateRedis;
let db: Redis;
let browser: Browser;
/** Of this process while the test runs: what deploying would put here goes into it. */
let home: string;
const homeBefore = process.env.HOME;
/** Anna's way to Redis. */
let way: FaultProxy;
let anna: { console: Console; page: Page };
let ben: { console: Console; page: Page };

async function openConsole(rendererDir: string, port: number): Promise<{ console: Console; page: Page }> {
  const dir = await mkdtemp(join(tmpdir(), 'two-hosts-'));
  const opened = await composeConsole({
    env: {
      WORKSHOP_CONSOLE_REDIS: `redis://127.0.0.1:${port}`,
      WORKSHOP_CONSOLE_NAME: 'Film workshop',
    },
    dir,
    secrets: secretsInMemoryOnly,
    agentFolders: [
      join(home, 'agent'),
      resolve(root, 'resources/worker-agent'),
      resolve(root, 'resources/compose'),
    ],
  });
  const shell = await startWebShell({ services: opened.services, rendererDir });
  UNDONE.push(
    () => shell.close(),
    () => opened.close(),
    () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  );
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  await page.goto(shell.link());
  await page.getByRole('group', { name: 'Workers wanted on h100' }).waitFor();
  return { console: opened, page };
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'two-hosts-home-'));
  process.env.HOME = home;
  UNDONE.push(async () => {
    process.env.HOME = homeBefore;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  await bundleAgent(join(home, 'agent/worker-agent.mjs'));
  await describeAgent(join(home, 'agent/worker-agent.mjs'));
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
  way = await startFaultProxy(redis.port);
  anna = await openConsole(rendererDir, way.port);
  ben = await openConsole(rendererDir, redis.port);
  UNDONE.push(() => removeRenderer(rendererDir));
});
afterAll(async () => {
  await browser?.close();
  for (const undo of UNDONE) await undo();
  await way?.stop();
  await redis?.stop();
});

const wanted = async () =>
  desiredStateSchema.parse(JSON.parse((await db.get(keys.hostDesired('h100'))) ?? ''));
const notice = (page: Page, title: string) => page.getByRole('alert').filter({ hasText: title });
const shared = async (key: string): Promise<unknown> => JSON.parse((await db.get(key)) ?? 'null');
/** The room view of one console, as its projector shows it. */
async function projector({ page }: { page: Page }): Promise<Page> {
  const [room] = await Promise.all([page.context().waitForEvent('page'), page.keyboard.press('p')]);
  await room.getByRole('heading', { level: 1, name: 'Film workshop' }).waitFor();
  await page.bringToFront();
  return room;
}
async function roomPanel({ page }: { page: Page }) {
  await page.getByRole('button', { name: 'Room panel' }).click();
  return page.getByRole('dialog', { name: 'Room view' });
}
async function closePanel({ page }: { page: Page }): Promise<void> {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Room view' }).waitFor({ state: 'detached' });
}
/** For those who look at what the test saw. */
const picture = (page: Page, name: string) =>
  page.screenshot({ path: resolve(root, `test/artifacts/two-hosts/${name}.png`) });
async function setMessage(panel: Locator, text: string): Promise<void> {
  const field = panel.getByRole('textbox', { name: 'Message for the room' });
  await field.fill(text);
  await field.press('Enter');
}

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
  await notice(ben.page, 'Anna').getByText('Cancelled a job of user004 that waited.').waitFor();
  await ben.page.getByRole('button', { name: 'Recent' }).click();
  const recent = ben.page.getByRole('list', { name: 'Recent events' });
  await recent.getByText('Anna <b>at</b> the stage: Cancelled a job of user004 that waited.').waitFor();
  await recent.getByText(/^Ben: The queue is held/).waitFor();
  await ben.page.keyboard.press('Escape');
});

test('a deployment is told to the other host from its begin to its end, and stands in the recap', async () => {
  // Whatever this computer lacks or has, a third console is at work there: nothing is done to it.
  const agentRoot = join(home, '.local/share/worker-agent');
  await mkdir(agentRoot, { recursive: true });
  await symlink(
    `zoe~1~elsewhere|${Math.floor(Date.now() / 1000)}|zoe@laptop`,
    join(agentRoot, 'deploy.lock'),
  );
  await ben.console.services.deploy.start({
    ...{ targetId: 'this-computer', act: 'deploy', sudoPassword: null },
    // What this computer lacks would be told before it comes to that.
    skip: ['gpu', 'ports', 'room', 'docker', 'toolkit', 'tailscale', 'delivery'],
  });
  await anna.page.getByRole('button', { name: 'Recent' }).click();
  const recent = anna.page.getByRole('list', { name: 'Recent events' });
  const told = [
    /Began deploying the agent to the computer [^ ]+\.$/,
    /Did not finish deploying the agent to the computer [^ ]+\. ./,
  ];
  for (const words of told) await recent.getByText(words).waitFor();
  expect(await recent.getByText(told[1] ?? '').textContent()).toMatch(/^Ben: /);
  await picture(anna.page, 'deployment-told');
  await anna.page.keyboard.press('Escape');
  await anna.page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Recap' }).click();
  const happened = anna.page.getByRole('list', { name: 'What happened' });
  for (const words of told) await happened.getByText(words).waitFor();
  await picture(anna.page, 'deployment-in-recap');
  await anna.page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Stage' }).click();
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

test('the room is one: what one host sets stands on both projectors; freezing is about the own one', async () => {
  const [atAnna, atBen] = [await projector(anna), await projector(ben)];
  const panel = await roomPanel(anna);
  await setMessage(panel, 'Show and tell at three');
  for (const room of [atAnna, atBen]) await room.getByText('Show and tell at three').waitFor();
  await notice(ben.page, 'Anna')
    .getByText('Set the message for the room: “Show and tell at three”.')
    .waitFor();
  expect(await shared(keys.room)).toMatchObject({
    ...{ message: 'Show and tell at three', by: 'Anna <b>at</b> the stage', revision: 1 },
  });
  await ben.console.services.room.setNicknames({ csv: 'user004, Lynx', replace: false });
  await ben.console.services.room.setUrl({ url: 'https://film.example.org' });
  await atAnna.getByText('film.example.org').waitFor();
  await notice(anna.page, 'Ben')
    .getByText(/^Set (a nickname|the address)/)
    .waitFor();
  expect(await shared(keys.room)).toMatchObject({ nicknames: { user004: 'Lynx' }, revision: 3, by: 'Ben' });

  await panel.getByRole('switch', { name: 'Freeze' }).click();
  await atAnna.getByText(/^Held since/).waitFor();
  await ben.console.services.room.setBreak({ until: Date.now() + 600_000 });
  for (const room of [atAnna, atBen]) await room.getByRole('heading', { name: /^Back at/ }).waitFor();
  await ben.console.services.room.setBreak({ until: null });
  await atBen.getByText('Live', { exact: true }).waitFor();
  await atAnna.getByText(/^Held since/).waitFor();
  await panel.getByRole('switch', { name: 'Freeze' }).click();
  await atAnna.getByText('Live', { exact: true }).waitFor();
  for (const page of [atAnna, atBen]) await page.close();
  await closePanel(anna);
});

test('a message that another host has just set is not overwritten unseen, and can be applied again', async () => {
  const panel = await roomPanel(anna);
  const field = panel.getByRole('textbox', { name: 'Message for the room' });
  await panel.getByText(/^Shared with the other hosts; last changed by Ben, \d\d:\d\d\.$/).waitFor();
  await field.fill('Lunch at one');
  // In the moment in which the other's appears: nobody can have read it.
  await ben.console.services.room.setMessage({ message: 'Lunch at two' });
  await field.press('Enter');
  const refused = notice(anna.page, 'The message was not changed');
  await refused.getByText(/^Ben changed it \d+ s ago: the message is “Lunch at two”\.$/).waitFor();
  expect(await shared(keys.room)).toMatchObject({ message: 'Lunch at two', by: 'Ben' });
  await picture(anna.page, 'conflict');
  // What was typed is still there.
  expect(await field.inputValue()).toBe('Lunch at one');
  await refused.getByRole('button', { name: 'Apply again' }).click();
  await vi.waitFor(
    async () => expect(await shared(keys.room)).toMatchObject({ message: 'Lunch at one' }),
    soon,
  );
  await closePanel(anna);
});

test('plan, guard, rental and alert rules of the day are one, and each change is told', async () => {
  await ben.page.getByRole('button', { name: 'Capacity' }).click();
  await ben.page.getByRole('textbox', { name: 'Price an hour' }).fill('2.85');
  await ben.page.getByRole('button', { name: 'Start the meter' }).click();
  await notice(anna.page, 'Ben').getByText('Set the rental to € 2.85 an hour.').waitFor();
  await anna.page.getByRole('button', { name: 'Capacity' }).click();
  await anna.page.getByRole('textbox', { name: 'Guard' }).fill('50');
  await anna.page.getByRole('textbox', { name: 'Guard' }).press('Enter');
  await expect.poll(() => ben.page.getByRole('textbox', { name: 'Guard' }).inputValue(), soon).toBe('50 GB');
  await ben.console.services.alerts.setRule({ rule: 'queue-deep', enabled: false, threshold: null });
  await vi.waitFor(async () => {
    const rules = await anna.console.services.alerts.rules();
    expect(rules.find(({ id }) => id === 'queue-deep')?.enabled).toBe(false);
  }, soon);
  expect(await shared(keys.plan)).toMatchObject({
    ...{ guardMiB: 51_200, rental: null },
    rentals: { h100: { pricePerHour: 2.85 } },
    rules: { 'queue-deep': { enabled: false } },
  });
  await picture(anna.page, 'plan');
  for (const { page } of [anna, ben]) await page.getByRole('button', { name: 'Stage' }).click();
});

test('while Redis is away from one host, theirs holds on their projector and is said to be theirs alone; after, nothing is overwritten', async () => {
  const room = await projector(anna);
  way.cut();
  const panel = await roomPanel(anna);
  await setMessage(panel, 'Coffee');
  await panel.getByText(/Kept on this computer: other hosts do not see the newest changes yet/).waitFor();
  await room.getByText('Coffee').waitFor();
  await picture(anna.page, 'unshared');
  await room.close();
  await anna.console.services.capacity.setPlan({ preset: 'video', users: 20 });
  await ben.console.services.room.setMessage({ message: 'Tea' });
  await ben.console.services.room.setNickname({ userId: 'user009', nickname: 'Wren' });
  await ben.console.services.capacity.setPlan({ preset: null, users: 12 });
  way.mend();
  const lost = notice(anna.page, 'What you set for the room while Redis was away does not hold');
  await lost
    .getByText(/Ben changed it \d+ (s|min) ago: the message is “Tea”\. Yours was: Set the message/)
    .waitFor();
  await panel.getByText(/Kept on this computer/).waitFor({ state: 'detached' });
  await picture(anna.page, 'refused');
  await lost.getByRole('button', { name: 'Apply again' }).click();
  await vi.waitFor(async () => {
    expect(await shared(keys.room)).toMatchObject({ message: 'Coffee', nicknames: { user009: 'Wren' } });
  }, soon);
  const planned = notice(anna.page, 'What you planned while Redis was away does not hold');
  await planned.getByText(/12 people are planned/).waitFor();
  await planned.getByRole('button', { name: 'Apply again' }).click();
  await vi.waitFor(async () => {
    expect(await shared(keys.plan)).toMatchObject({ preset: 'video', users: 20, guardMiB: 51_200 });
  }, soon);
  await closePanel(anna);
});

test('a console that knows nothing of what is shared, and an agent, are not disturbed by it', async () => {
  // What such a console reads of Redis: every key under the tracked prefixes is pushed to it, and it takes up its own.
  expect(await db.keys('agent:*')).toEqual(expect.arrayContaining([keys.room, keys.plan, keys.control]));
  expect((await wanted()).workers).toBeTypeOf('number');
  // Something newer, or broken, stands there: it is said, and nothing else stops.
  await db.set(keys.room, JSON.stringify({ protocol: 99, revision: 1, at: 1, by: 'Zoë' }));
  const panel = await roomPanel(ben);
  await panel.getByText(/speaks protocol 99/).waitFor();
  await setMessage(panel, 'Still here');
  await panel.getByText(/Kept on this computer/).waitFor();
  await closePanel(ben);
});
