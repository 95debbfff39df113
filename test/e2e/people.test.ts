import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { root } from '../support/run-step.ts';
import { stageStates } from '../support/stage-states.ts';

const pictures = resolve(root, 'test/artifacts/people');
const soon = { timeout: 15_000, interval: 50 };

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
let page: Page;
const faults: string[] = [];

const stateOf = (name: string) => {
  const state = stageStates[name]?.(Date.now());
  if (!state) throw new Error(`there is no state ${name}`);
  return state;
};

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  served = await serveFakeWorkshop(stateOf('busy'));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(async () => {
  for (const userId of Object.keys(served.workshop.snapshot.room?.nicknames ?? {}))
    await served.workshop.room.setNickname({ userId, nickname: '' });
  served.workshop.show(stateOf('busy'));
  served.workshop.calls.length = 0;
  faults.length = 0;
  page = await browser.newPage({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(served.link());
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'People' }).click();
  await page.getByRole('main', { name: 'People' }).waitFor();
});
afterEach(async () => {
  await page.close();
  expect(faults).toEqual([]);
});

const inputs = (verb: string) =>
  served.workshop.calls.filter((call) => call.verb === verb).map(({ input }) => input);
const waitingJobs = (userId: string) =>
  Object.values(served.workshop.snapshot.jobs).filter(
    (job) => job.userId === userId && job.queue === 'pending',
  );
/** Somebody with waiting jobs, whose id needs no escape. */
function somebody(): string {
  const found = Object.values(served.workshop.snapshot.jobs).find(({ queue }) => queue === 'pending');
  if (!found) throw new Error('nobody waits');
  return found.userId;
}
const row = (userId: string) =>
  page.getByRole('row').filter({ has: page.getByRole('button', { name: `More about ${userId}` }) });
const undo = () => page.getByRole('alert').last().getByRole('button', { name: 'Undo' }).click();

test('holding a person and taking it back', async () => {
  const userId = somebody();
  await row(userId)
    .getByRole('button', { name: `Hold ${userId}` })
    .click();
  await row(userId).getByText('held', { exact: true }).waitFor();
  await undo();
  await row(userId)
    .getByRole('button', { name: `Hold ${userId}` })
    .waitFor();
  expect(inputs('hold')).toEqual([
    { userId, held: true },
    { userId, held: false },
  ]);
});

test('the next turn is given once, taken back, and a conflict is told', async () => {
  const userId = somebody();
  await row(userId)
    .getByRole('button', { name: `Next turn to ${userId}` })
    .click();
  await row(userId).getByText('next turn', { exact: true }).waitFor();
  await undo();
  await row(userId).getByText('next turn', { exact: true }).waitFor({ state: 'detached' });
  expect(inputs('nextTurn')).toEqual([
    { userId, was: null },
    { userId: null, was: userId },
  ]);
  served.workshop.fail('nextTurn', new WorkshopError('CONFLICT', 'Ada gave it to user009 at 14:02.'));
  await row(userId)
    .getByRole('button', { name: `Next turn to ${userId}` })
    .click();
  await page.getByText('Ada gave it to user009 at 14:02.').waitFor();
});

test('limits on running jobs, for one and for everybody', async () => {
  const userId = somebody();
  await page.getByRole('button', { name: `More about ${userId}` }).click();
  await page.getByRole('menuitemradio', { name: 'At most 2 jobs' }).click();
  await row(userId).getByText('of 2').waitFor();
  await undo();
  await row(userId).getByText('of 2').waitFor({ state: 'detached' });
  await page.locator('input[aria-label="Running jobs at once, for everybody"]').click();
  await page.getByRole('option', { name: 'At most 3 running jobs each' }).click();
  await row(userId).getByText('of 3').waitFor();
  expect(inputs('cap')).toEqual([
    { userId, cap: 2, was: null },
    { userId, cap: null, was: 2 },
    { userId: null, cap: 3, was: null },
  ]);
});

test('all waiting jobs of a person are cancelled after asking, and come back', async () => {
  const userId = somebody();
  const before = waitingJobs(userId).length;
  await page.getByRole('button', { name: `More about ${userId}` }).click();
  await page.getByRole('menuitem', { name: 'Cancel all waiting…' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Cancel \d+ waiting job/ })
    .click();
  await vi.waitFor(() => expect(waitingJobs(userId)).toEqual([]), soon);
  await undo();
  await vi.waitFor(() => expect(waitingJobs(userId)).toHaveLength(before), soon);
});

test('nicknames, by hand and by CSV', async () => {
  const userId = somebody();
  await page.getByRole('button', { name: `More about ${userId}` }).click();
  await page.getByRole('menuitem', { name: 'Nickname…' }).click();
  await page.getByRole('textbox', { name: 'Nickname', exact: true }).fill('Grace');
  await page.getByRole('button', { name: 'Set nickname' }).click();
  await page.getByRole('button', { name: 'More about Grace' }).waitFor();
  await page.getByRole('button', { name: 'Import nicknames…' }).click();
  await page.getByRole('dialog', { name: 'Nicknames' }).waitFor();
  await page
    .getByRole('dialog')
    .locator('input[type=file]')
    .setInputFiles({
      name: 'names.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`user,nickname\n${userId},<script>Zoé\n`),
    });
  await page.getByRole('button', { name: 'Set nicknames' }).click();
  await vi.waitFor(() => expect(served.workshop.snapshot.room?.nicknames[userId]).toBe('<script>Zoé'), soon);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More about <script>Zoé' }).waitFor();
});

test('a search finds people, their jobs are one click away, and hostile names stay in their cells', async () => {
  const userId = somebody();
  await page.getByRole('textbox', { name: 'Search people' }).fill(userId);
  await page.getByText(/^1 of /).waitFor();
  await page.getByRole('button', { name: `More about ${userId}` }).click();
  await page.getByRole('menuitem', { name: 'Show their jobs' }).click();
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
  const count = Object.values(served.workshop.snapshot.jobs).filter((job) => job.userId === userId).length;
  await page.getByText(new RegExp(`^${count} of `)).waitFor();

  served.workshop.show(stateOf('hostile'));
  await page.keyboard.press('3');
  await page.getByRole('row').nth(1).waitFor();
  const heights = await page
    .getByRole('row')
    .evaluateAll((rows) => rows.map((one) => one.getBoundingClientRect().height));
  expect(Math.max(...heights)).toBeLessThan(60);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await page.screenshot({ path: resolve(pictures, 'hostile.png') });
});
