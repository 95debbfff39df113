import { mkdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { dayOf } from '../../src-main/domain/history/local-day.ts';
import { freshRoom } from '../../src-main/domain/room/room-state.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { workshopDay } from '../support/history-day.ts';
import { PALETTE_AUDIT } from '../support/palette-audit.ts';
import { root } from '../support/run-step.ts';
import { job } from '../support/scenarios.ts';
import { stageStates } from '../support/stage-states.ts';

/** The palette holds every action: each act of the router is found by name, and what is found does what it says. */

const pictures = resolve(root, 'test/artifacts/palette');
const soon = { timeout: 15_000, interval: 50 };

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
let page: Page;

/** The busy workshop with one drained worker, failures that one file mends, a room with an address. */
function state() {
  const now = Date.now();
  const shown = stageStates.busy?.(now);
  if (!shown) throw new Error('there is no busy state');
  const { snapshot } = shown;
  for (let at = 0; at < 7; at += 1) {
    const error = 'Node 4 (UNETLoader) needs "wan2.2.safetensors" as unet_name.';
    const one = job(9000 + at, 'failed', now, { id: `broke-${at}`, completedAt: now - 60_000, error });
    snapshot.jobs[one.id] = one;
  }
  const wait = job(9100, 'pending', now, { id: 'waits-004', userId: 'user004' });
  snapshot.jobs[wait.id] = wait;
  for (const host of Object.values(snapshot.hosts))
    if (host.desired) host.desired = { ...host.desired, drained: ['worker-3'] };
  snapshot.room = { ...freshRoom(), url: 'https://workshop.example' };
  return shown;
}

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  served = await serveFakeWorkshop(state());
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' });
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(() => {
  served.workshop.show(state());
  served.workshop.calls.length = 0;
});

const entries = () => page.locator('.mantine-Spotlight-action');
async function find(label: string) {
  if ((await page.getByLabel('Find an action').count()) === 0) await page.keyboard.press('ControlOrMeta+k');
  await page.getByLabel('Find an action').fill(label);
  return entries()
    .filter({ hasText: new RegExp(`^${label.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`) })
    .first();
}
async function take(label: string): Promise<void> {
  await (await find(label)).click();
  await page.getByLabel('Find an action').waitFor({ state: 'detached' });
}
const inputs = (verb: string) =>
  served.workshop.calls.filter((call) => call.verb === verb).map(({ input }) => input);

test('every act that the audit names is found in the palette by its label', async () => {
  await vi.waitFor(() => expect(served.workshop.snapshot.alerts?.alerts.length).toBeGreaterThan(0), soon);
  const missing: string[] = [];
  for (const [path, entry] of Object.entries(PALETTE_AUDIT)) {
    if (typeof entry === 'string') continue;
    const found = await find(entry.label);
    await found.waitFor({ timeout: 10_000 }).catch(() => missing.push(`${path}: ${entry.label}`));
  }
  expect(missing).toEqual([]);
  await find('Requeue');
  await page.screenshot({ path: resolve(pictures, 'requeue.png') });
  await find('Cancel all waiting');
  await page.screenshot({ path: resolve(pictures, 'cancel.png') });
  await page.keyboard.press('Escape');
});

test('a group of failures is requeued, a limit set for everybody and for one, an alert snoozed', async () => {
  await take('Requeue 7 jobs: missing model wan2.2.safetensors');
  await vi.waitFor(() => expect(inputs('bulk')).toHaveLength(1), soon);
  expect(inputs('bulk')).toEqual([
    { jobIds: expect.arrayContaining(['broke-0', 'broke-6']), act: { kind: 'requeue' } },
  ]);
  await take('Limit for everybody: 2 running jobs each');
  await take('Limit user004 to 1 running job');
  await take('No limit of their own for user004');
  await take('Limit for everybody: none');
  await vi.waitFor(
    () =>
      expect(inputs('cap')).toEqual([
        { userId: null, cap: 2, was: null },
        { userId: 'user004', cap: 1, was: null },
        { userId: 'user004', cap: null, was: 1 },
        { userId: null, cap: null, was: 2 },
      ]),
    soon,
  );
  const snoozed = () =>
    served.workshop.snapshot.alerts?.alerts.filter(({ snoozedUntil }) => snoozedUntil !== null).length;
  await take('Snooze for 15 minutes: Failures in a row');
  await vi.waitFor(() => expect(snoozed()).toBe(1), soon);
  await take('Wake: Failures in a row');
  await vi.waitFor(() => expect(snoozed()).toBe(0), soon);
});

test('waiting jobs of one person and of all are cancelled after asking; a nickname is given in its dialog', async () => {
  await take('Cancel all waiting jobs of user004');
  await page.getByRole('dialog', { name: /^Cancel all waiting jobs of user004/ }).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  const waiting = Object.values(served.workshop.snapshot.jobs).filter(({ queue }) => queue === 'pending');
  await take(`Cancel all ${waiting.length} waiting jobs…`);
  await page
    .getByRole('dialog')
    .getByRole('button', { name: `Cancel ${waiting.length} waiting jobs` })
    .click();
  await vi.waitFor(() => expect(inputs('bulk')).toHaveLength(1), soon);
  await take('Nickname of user004…');
  await page.getByRole('dialog', { name: 'Nickname of user004' }).getByLabel('Nickname').fill('Lynx');
  await page.keyboard.press('Enter');
  await vi.waitFor(() => expect(served.workshop.snapshot.room?.nicknames.user004).toBe('Lynx'), soon);
  await take('Import nicknames…');
  await page
    .getByRole('dialog', { name: 'Nicknames' })
    .getByLabel(/^Nicknames/)
    .waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('the day is taken home from wherever the host stands', async () => {
  const midnight = new Date().setHours(0, 0, 0, 0);
  served.workshop.kept.set(dayOf(midnight), workshopDay(midnight));
  await page.keyboard.press('1');
  for (const [label, name] of [
    ['Recap: save jobs as CSV', /-jobs\.csv$/],
    ['Recap: save as picture (PNG)', /\.png$/],
  ] as const) {
    const [download] = await Promise.all([page.waitForEvent('download'), take(label)]);
    expect(download.suggestedFilename()).toMatch(name);
    expect((await readFile(await download.path())).length).toBeGreaterThan(100);
  }
  await page.getByRole('main', { name: 'Recap' }).waitFor();
});
