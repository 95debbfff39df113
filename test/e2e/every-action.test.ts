import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type DemoWorkshop, startDemoWorkshop } from '../../resources/demo/demo-workshop.ts';
import { type Console, composeConsole, secretsInMemoryOnly } from '../../src-main/app/compose.ts';
import { startWebShell } from '../../src-main/shells/web/server.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { ACTION_AUDIT } from '../support/action-audit.ts';
import { openBrowser } from '../support/browser.ts';
import { buildRenderer, removeRenderer } from '../support/build-renderer.ts';

/*
 * What no other browser test presses against the real thing: the built page, real services, a real Redis, a real agent.
 * Each press is followed by a look at its effect where it lies: in Redis, at the agent or on the disk.
 */

const soon = { timeout: 30_000, interval: 50 };
const TEXT_JOB = '{"6":{"inputs":{"text":"a red cat","clip":["4",1]},"class_type":"CLIPTextEncode"}}';
const IMAGE_JOB =
  '{"1":{"inputs":{"seconds":1.0,"steps":4,"seed":7,"mode":"plain"},"class_type":"SlowImage"},' +
  '"2":{"inputs":{"filename_prefix":"every","images":["1",0]},"class_type":"SaveImage"}}';

let workshop: DemoWorkshop;
let dir: string;
let opened: Console;
let shell: Awaited<ReturnType<typeof startWebShell>>;
let rendererDir: string;
let browser: Browser;
let page: Page;
let db: Redis;
let broken: string;
let made: string;
/** Procedures that the page really called. */
const called = new Set<string>();
const faults: string[] = [];

beforeAll(async () => {
  workshop = await startDemoWorkshop({ users: 0, workers: 1, maxWorkers: 2, speed: 10, oomRate: 0 });
  db = workshop.redis.client();
  dir = await mkdtemp(join(tmpdir(), 'every-action-'));
  opened = await composeConsole({
    env: { WORKSHOP_CONSOLE_OUTPUTS: join(workshop.dir, 'outputs') },
    dir,
    secrets: secretsInMemoryOnly,
    agentFolders: [],
  });
  rendererDir = await buildRenderer();
  shell = await startWebShell({ services: opened.services, rendererDir });
  browser = await openBrowser();
  // High: notices stand over what is below them, and the host's acts come faster here than they go.
  page = await browser.newPage({ viewport: { width: 1440, height: 1400 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      for (const [, path] of String(payload).matchAll(/"path":"([\w.]+)"/g)) if (path) called.add(path);
    }),
  );
  await page.goto(shell.link());

  await page.getByLabel('Name of the workshop').fill('Film workshop');
  await page.getByLabel('Redis host').fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(workshop.redis.port));
  await page.getByRole('textbox', { name: 'Redis password' }).fill(workshop.redis.password);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('group', { name: `Workers wanted on ${workshop.hostId}` }).waitFor();
  broken = await workshop.submit({ userId: 'user801', workflow: TEXT_JOB });
  made = await workshop.submit({ userId: 'user802', workflow: IMAGE_JOB });
  await vi.waitFor(async () => expect(await statusOf(made)).toBe('completed'), { timeout: 40_000 });
  await vi.waitFor(async () => expect(await statusOf(broken)).toBe('failed'), soon);
});
afterAll(async () => {
  await browser?.close();
  await shell?.close();
  await opened?.close();
  await workshop?.stop(1000);
  if (rendererDir) await removeRenderer(rendererDir);
  if (dir) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

// One that failed halfway must not stand in the way of the next.
beforeEach(async () => {
  for (let turn = 0; turn < 5 && (await page.getByRole('dialog').count()) > 0; turn += 1) {
    await page.keyboard.press('Escape');
    await page
      .getByRole('dialog')
      .last()
      .waitFor({ state: 'detached', timeout: 1000 })
      .catch(() => {});
  }
});

const statusOf = async (id: string) =>
  /"status":"(\w+)","priority"/.exec((await db.get(keys.job(id))) ?? '')?.[1];
const control = async () => JSON.parse((await db.get(keys.control)) ?? '{}') as unknown;
const controlled = (what: object) =>
  vi.waitFor(async () => expect(await control()).toMatchObject(what), soon);
const waits = (id: string, yes: boolean) =>
  vi.waitFor(async () => expect((await db.zscore(keys.pending, id)) !== null).toBe(yes), soon);
/** All that the console keeps in its folder. */
async function kept(): Promise<string> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((one) => one.isFile())
    .map(async (one) => {
      const path = join(one.parentPath, one.name);
      return `${one.name}\n${await readFile(path, 'utf8').catch(() => '')}`;
    });
  return (await Promise.all(texts)).join('\n');
}
const onDisk = (text: string | RegExp) =>
  vi.waitFor(async () => expect(await kept()).toMatch(text), { ...soon, interval: 100 });
async function open(screen: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: screen }).click();
  await page.getByRole('main', { name: screen }).waitFor();
}
/** Takes an action of the palette by its label. */
async function act(label: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByLabel('Find an action').fill(label);
  await page.getByRole('dialog').getByText(label, { exact: true }).click();
  await page.getByLabel('Find an action').waitFor({ state: 'detached' });
}
/** Of the notice that says so: an earlier one may stand there until it comes. */
const undo = (said: string) =>
  page.getByRole('alert').filter({ hasText: said }).first().getByRole('button', { name: 'Undo' }).click();
const confirm = (name: RegExp) => page.getByRole('dialog').getByRole('button', { name }).click();

test('fleet: order of the queue, restart, free VRAM', async () => {
  const stateOf = async () => {
    const status = (await db.get(keys.hostStatus(workshop.hostId))) ?? '{}';
    const { workers } = JSON.parse(status) as { workers: { state: { kind: string; since: number } }[] };
    return workers[0]?.state;
  };
  const before = (await stateOf())?.since ?? 0;
  await act('Free VRAM of worker-1');
  await page.getByRole('alert').filter({ hasText: 'worker-1' }).first().waitFor();
  await act('Restart worker-1');
  await vi.waitFor(
    async () => {
      const state = await stateOf();
      expect(state?.kind).toBe('idle');
      expect(state?.since).toBeGreaterThan(before);
    },
    { ...soon, timeout: 30_000 },
  );
  await act('Order: fair shares');
  await controlled({ mode: 'fair' });
  await act('Hold the queue');
  await controlled({ held: true });
});

test('jobs: looked into, requeued, cancelled all at once and taken back', async () => {
  await open('Jobs');
  const drawer = page.getByRole('dialog');
  const search = page.getByRole('textbox', { name: 'Search jobs' });
  await search.fill('user:user802');
  await page.locator(`[data-job="${made}"]`).getByText('user802').click();
  await drawer.getByRole('button', { name: /^Show every_/ }).click();
  await drawer.getByRole('img', { name: /^every_/ }).waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });

  await search.fill('user:user801');
  await page.locator(`[data-job="${broken}"]`).getByText('user801').click();
  await drawer.getByRole('region', { name: 'Why it failed' }).waitFor();
  await drawer.getByText('What the participant wrote').click();
  await drawer.getByText('a red cat').waitFor();
  await drawer.getByRole('button', { name: /^Requeue/ }).click();
  await waits(broken, true);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'All shown…' }).click();
  await page.getByRole('menuitem', { name: 'Cancel 1 waiting job…' }).click();
  await confirm(/^Cancel 1 waiting/);
  await waits(broken, false);
  await undo('1 job cancelled.');
  await waits(broken, true);

  // One job: cancelled and taken back from the notice, then from the drawer, then moved and moved back.
  const menu = async (entry: string) => {
    await page.getByRole('button', { name: 'Actions for the job of user801' }).click();
    await page.getByRole('menuitem', { name: entry, exact: true }).click();
  };
  const place = await db.zscore(keys.pending, broken);
  await menu('Cancel');
  await waits(broken, false);
  await undo('waiting job is cancelled.');
  await waits(broken, true);
  await page.locator(`[data-job="${broken}"]`).getByText('user801').click();
  await drawer.getByRole('button', { name: 'Cancel', exact: true }).click();
  await waits(broken, false);
  await drawer.getByText('This job was cancelled while it waited.').waitFor();
  await drawer.getByRole('button', { name: 'Take back' }).click();
  await waits(broken, true);
  await drawer.getByRole('button', { name: 'Cancel', exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await menu('To the front');
  await vi.waitFor(async () => expect(Number(await db.zscore(keys.pending, broken))).toBeLessThan(2e9), soon);
  await undo('now has instructor priority.');
  await vi.waitFor(async () => expect(await db.zscore(keys.pending, broken)).toBe(place), soon);
});

test('jobs: a view is saved, found again by the palette, renamed and deleted', async () => {
  await open('Jobs');
  await page.getByRole('textbox', { name: 'Search jobs' }).fill('user:user801');
  await page.getByRole('button', { name: 'Views' }).click();
  await page.getByRole('menuitem', { name: 'Save and manage views…' }).click();
  const panel = page.getByRole('dialog', { name: 'Views of the jobs' });
  await panel.getByLabel('Name of the view').fill('The red cat');
  await panel.getByRole('button', { name: 'Save the view' }).click();
  await onDisk(/"name": "The red cat"[^}]*"search": "user:user801"/s);
  await page.getByRole('textbox', { name: 'Search jobs' }).fill('');
  await act('Jobs: The red cat');
  await vi.waitFor(
    async () =>
      expect(await page.getByRole('textbox', { name: 'Search jobs' }).inputValue()).toBe('user:user801'),
    soon,
  );
  await page.getByRole('button', { name: 'Views: The red cat' }).click();
  await page.getByRole('menuitem', { name: 'Save and manage views…' }).click();
  const field = panel.getByLabel('Name of the view The red cat');
  await field.fill('Cats');
  await field.press('Enter');
  await onDisk(/"name": "Cats"/);
  await panel.getByRole('button', { name: 'Delete the view Cats' }).click();
  await vi.waitFor(async () => expect(await kept()).not.toContain('"name": "Cats"'), soon);
});

test('people: next turn, hold, limit, nickname, cancelling all that waits', async () => {
  await open('People');
  const more = async (entry: RegExp, role: 'menuitem' | 'menuitemradio' = 'menuitem') => {
    await page.getByRole('button', { name: 'More about user801' }).click();
    await page.getByRole(role, { name: entry }).click();
    await page.getByRole('menu').waitFor({ state: 'detached' });
  };
  await page.getByRole('button', { name: 'Next turn to user801' }).click();
  await controlled({ nextTurn: 'user801' });
  await page.getByRole('button', { name: 'Hold user801' }).click();
  await controlled({ heldUsers: ['user801'] });
  await more(/^At most 2 jobs/, 'menuitemradio');
  await controlled({ caps: { users: { user801: 2 } } });
  await more(/^At most 3 in line/, 'menuitemradio');
  await controlled({ lineCaps: { users: { user801: 3 } } });
  await more(/^Cancel all waiting/);
  await confirm(/^Cancel 1 waiting/);
  await waits(broken, false);
  await more(/^Nickname/);
  await page.getByRole('textbox', { name: 'Nickname', exact: true }).fill('Grace');
  await page.getByRole('button', { name: 'Set nickname' }).click();
  await onDisk(/user801[\s\S]{0,60}Grace/);
});

test('room: message, break, freeze, blank, address, nicknames, a page of its own', async () => {
  const [room] = await Promise.all([page.context().waitForEvent('page'), act('Open room view')]);
  await room.getByRole('heading', { level: 1, name: 'Film workshop' }).waitFor();
  // A page behind another draws once a second, and a press waits for two pictures.
  await page.bringToFront();
  await page.getByRole('button', { name: 'Room panel' }).click();
  const panel = page.getByRole('dialog', { name: 'Room view' });
  const enter = async (name: string, text: string) => {
    const field = panel.getByRole('textbox', { name });
    await field.fill(text);
    await field.press('Enter');
  };
  await enter('Message for the room', 'Lunch is here');
  await room.getByText('Lunch is here').waitFor();
  await onDisk('Lunch is here');
  await panel.getByRole('textbox', { name: /^Nicknames/ }).fill('user802, Wren');
  await panel.getByRole('button', { name: 'Set nicknames' }).click();
  await onDisk(/user802[\s\S]{0,60}Wren/);
  const [list] = await Promise.all([
    page.waitForEvent('download'),
    panel.getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  expect(list.suggestedFilename()).toBe('nicknames.csv');
  expect(await readFile(await list.path(), 'utf8')).toContain('user802,Wren\r\n');
  await enter('Address where people join', 'https://film.example.org');
  await room.getByText('film.example.org').waitFor();
  await panel.getByRole('switch', { name: 'Fill the screen with it' }).click();
  await onDisk(/"join":\s*true/);
  await panel.getByRole('switch', { name: 'Fill the screen with it' }).click();
  await panel.getByRole('switch', { name: 'Freeze' }).click();
  await onDisk(/"frozen":\s*true/);
  await panel.getByRole('button', { name: '5 minutes', exact: true }).click();
  await room.getByRole('heading', { name: /^Back at/ }).waitFor();
  await panel.getByRole('switch', { name: 'Light' }).click();
  await onDisk(/"light":\s*true/);
  await panel.getByRole('switch', { name: 'Blank' }).click();
  await room.getByRole('heading', { name: 'The room view is blank' }).waitFor();
  await room.close();
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
});

test('alerts and capacity: what is set is on the disk', async () => {
  await open('Capacity');
  await page.getByText('Video', { exact: true }).click();
  await onDisk(/"preset":\s*"video"/);
  const guard = page.getByRole('textbox', { name: 'Guard' });
  await guard.fill('50');
  await guard.press('Enter');
  await onDisk(/"guardMiB":\s*51200/);
  await page.getByRole('textbox', { name: 'Price an hour' }).fill('2.85');
  await page.getByRole('button', { name: 'Start the meter' }).click();
  await onDisk(/"pricePerHour":\s*2.85/);

  // Something that stands until somebody looks: a job that nobody can read.
  await db.hset(keys.deadLetter, 'not-a-job', 'cannot be read');
  await page.keyboard.press('a');
  const drawer = page.getByRole('dialog', { name: 'Alerts' });
  await drawer.waitFor();
  await drawer.getByRole('button', { name: 'Quiet for 30 minutes' }).click();
  await onDisk(/"quietUntil":\s*\d/);
  await drawer.getByRole('tab', { name: 'Rules' }).click();
  const disk = drawer.getByRole('textbox', { name: 'Disk nearly full: threshold in GB' });
  await disk.fill('5');
  await disk.press('Enter');
  await onDisk(/"disk-low"/);
  await drawer.getByRole('switch', { name: 'Sound' }).press('Space');
  await onDisk(/"sound":\s*false/);
  await drawer.getByRole('tab', { name: 'Now' }).click();
  await drawer
    .getByRole('button', { name: /^Snooze: / })
    .first()
    .click({ timeout: 20_000 });
  await page.getByRole('menuitem', { name: 'For 15 minutes' }).click();
  await drawer.getByRole('list', { name: 'Snoozed alerts' }).waitFor();
  await drawer.getByRole('tab', { name: 'Earlier' }).click();
  await drawer.getByRole('list', { name: 'Earlier alerts' }).getByRole('listitem').first().waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
});

test('recap: the day is shown and taken home as a table', async () => {
  await open('Recap');
  await page.getByRole('article', { name: /^Recap of / }).waitFor();
  // What was done on the Jobs screen a moment ago stands in the story of the day.
  const story = page.getByRole('list', { name: 'What happened' });
  await story
    .getByText(/Cancelled a job of user801 that waited/)
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'CSV' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem').first().click(),
  ]);
  expect(await readFile(await download.path(), 'utf8')).toContain('user802');
});

test('workshops: saved, given away, taken over, turned to, forgotten', async () => {
  await open('Setup');
  const list = page.getByRole('list', { name: 'Saved workshops' });
  const one = (name: string) => list.getByRole('listitem').filter({ hasText: name });
  await page.getByRole('checkbox', { name: /^Keep Redis passwords in clear text/ }).click();
  await onDisk('passwords-in-clear.json');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    one('Film workshop').getByRole('button', { name: 'Save as file' }).click(),
  ]);
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toContain('Film workshop');
  expect(text).not.toContain(workshop.redis.password);
  await page.getByLabel('Another workshop').fill('Second day');
  await page.getByRole('button', { name: 'Begin' }).click();
  await onDisk('Second day');
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      ...{ name: 'third.json', mimeType: 'application/json' },
      buffer: Buffer.from(text.replaceAll('Film workshop', 'Third day')),
    });
  await onDisk('Third day');
  await one('Third day').getByRole('button', { name: 'Forget' }).click();
  await confirm(/^Forget it/);
  await vi.waitFor(async () => expect(await kept()).not.toContain('Third day'), soon);
  if ((await one('Film workshop').getByText('Watched now').count()) === 0)
    await one('Film workshop').getByRole('button', { name: 'Open' }).click();
  else {
    await one('Second day').getByRole('button', { name: 'Open' }).click();
    await one('Second day').getByText('Watched now').waitFor();
    await one('Film workshop').getByRole('button', { name: 'Open' }).click();
  }
  await page.getByRole('heading', { level: 1, name: 'Film workshop' }).waitFor();
});

test('the link: made anew, and given up', async () => {
  await page.getByRole('button', { name: /^Redis .*ms/ }).waitFor();
  await workshop.redis.kill();
  await page.getByRole('button', { name: /^Redis .*lost/ }).waitFor();
  await workshop.redis.start();
  await act('Connect to Redis again now');
  await page.getByRole('button', { name: /^Redis .*ms/ }).waitFor();
  await act('Forget this workshop on this laptop…');
  await confirm(/^Forget it/);
  await open('Stage');
  await page.getByLabel('Redis host').waitFor();
});

test('every action that the audit leaves to this file was pressed, and the page had no error', () => {
  const owed = Object.entries(ACTION_AUDIT).flatMap(([path, entry]) =>
    typeof entry !== 'string' && entry.file === 'every-action' && !called.has(path) ? [path] : [],
  );
  expect(owed).toEqual([]);
  expect(faults).toEqual([]);
});
