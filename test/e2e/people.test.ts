import { mkdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { freshRoom } from '../../src-main/domain/room/room-state.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { root } from '../support/run-step.ts';
import { CONTROL, job, workshop } from '../support/scenarios.ts';
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

/** Nicknames that try to leave their cell: a script, right-to-left, bidi and zero-width characters, one without end. */
const HOSTILE = [
  '<script>window.hacked = 1</script>',
  'عدي بن الليل',
  '\u202Eevil\u202Dname\u2066',
  `Z\u0335\u0321${'\u0336\u0322'.repeat(50)}algo`,
  'W'.repeat(10_000),
];

/** A thousand people, of whom every third waits, with nicknames that want to break out. */
function crowd() {
  const now = Date.now();
  const idOf = (at: number) => `user${String(at).padStart(4, '0')}`;
  const jobs = Array.from({ length: 1000 }, (_, at) => {
    const status = at % 3 === 0 ? 'pending' : at % 3 === 1 ? 'completed' : 'failed';
    return job(at % 500, status, now, { id: `of-${at}`, userId: idOf(at) });
  });
  const nicknames = Object.fromEntries(HOSTILE.map((name, at) => [idOf(at), name]));
  const room = { ...freshRoom(), nicknames };
  return workshop(now, [], jobs, { room, control: { ...CONTROL, heldUsers: [idOf(0), idOf(700)] } });
}

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
  served.workshop.failures.clear();
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
const undo = () => page.getByRole('alert').first().getByRole('button', { name: 'Undo' }).click();

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

test('limits on jobs in line, for one and for everybody, and what they come to', async () => {
  const userId = somebody();
  await page.getByRole('button', { name: `More about ${userId}` }).click();
  await page.getByRole('menu').waitFor();
  await page.screenshot({ path: resolve(pictures, 'menu.png') });
  await page.getByRole('menuitemradio', { name: 'At most 1 in line', exact: true }).click();
  await page.getByText(/join the end of the line one by one/).waitFor();
  await undo();
  await page.getByText(/join the end of the line/).waitFor({ state: 'detached' });
  await page.locator('input[aria-label="Jobs in line, for everybody"]').click();
  await page.getByRole('option', { name: 'At most 1 in line each' }).click();
  const upsert = [1, 2].map((at) => job(at, 'pending', Date.now(), { id: `more-${at}`, userId }));
  served.workshop.push([{ kind: 'jobs', upsert, remove: [] }]);
  await row(userId).getByText(', 1 in line').waitFor();
  await row(userId).scrollIntoViewIfNeeded();
  await page.screenshot({ path: resolve(pictures, 'limits.png') });
  await page.locator('input[aria-label="Jobs in line, for everybody"]').click();
  await page.getByRole('option', { name: 'Any number in line' }).click();
  await row(userId).getByText(', 1 in line').waitFor({ state: 'detached' });
  expect(inputs('lineCap')).toEqual([
    { userId, cap: 1, was: null },
    { userId, cap: null, was: 1 },
    { userId: null, cap: 1, was: null },
    { userId: null, cap: null, was: 1 },
  ]);
});

test('a limit that the present workers cannot reach says so, and fair shares are one click away', async () => {
  const { snapshot } = served.workshop;
  const caps = { everybody: 8, users: {} };
  served.workshop.push([
    { kind: 'control', control: { ...CONTROL, ...snapshot.control, mode: 'fifo', caps } },
  ]);
  await page.getByText(/so the limit on running jobs changes nothing now/).waitFor();
  await page.screenshot({ path: resolve(pictures, 'limit-in-vain.png') });
  await page.getByRole('button', { name: 'Order: fair shares' }).click();
  await vi.waitFor(() => expect(inputs('setMode')).toMatchObject([{ mode: 'fair' }]), soon);
  await page.getByRole('button', { name: 'Order: fair shares' }).waitFor({ state: 'detached' });
});

test('notices never cover an open menu', async () => {
  const notices = page.locator('.mantine-Notification-root');
  await page
    .getByRole('button', { name: /^Hold / })
    .first()
    .click();
  await notices.first().waitFor();
  // In a low window the menu needs the corner where notices stand.
  await page.setViewportSize({ width: 1280, height: 420 });
  const more = page.getByRole('button', { name: /^More about / }).last();
  await more.click();
  await page.getByRole('menu').waitFor();
  const covered = await page.getByRole('menu').evaluate((menu) => {
    const overlaps = [...document.querySelectorAll('.mantine-Notification-root')].some((notice) => {
      const [a, b] = [menu.getBoundingClientRect(), notice.getBoundingClientRect()];
      return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    });
    const hidden = [...menu.querySelectorAll('[role^=menuitem]')].filter((item) => {
      const { x, y, width, height } = item.getBoundingClientRect();
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return top !== null && !item.contains(top);
    });
    return { overlaps, hidden: hidden.map((item) => item.textContent) };
  });
  expect(covered).toEqual({ overlaps: true, hidden: [] });
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 720 });
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
  // What is saved can be taken back as it is.
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  expect(await readFile(await saved.path(), 'utf8')).toBe(`\ufeffuser,nickname\r\n${userId},<script>Zoé\r\n`);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More about <script>Zoé' }).waitFor();
});

test('Escape closes the menu of a row also before the menu has taken the focus', async () => {
  const line = row(somebody());
  await line.focus();
  const heard = await line.evaluate(async (one) => {
    const press = (key: string) =>
      one.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    press('Enter');
    // The menu is there, and its focus comes with the next turn of the page.
    while (!document.querySelector('[role=menu]')) await Promise.resolve();
    const focus = document.activeElement === one;
    press('ArrowDown');
    press('Escape');
    return focus;
  });
  expect(heard).toBe(true);
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await vi.waitFor(
    async () => expect(await line.evaluate((one) => document.activeElement === one)).toBe(true),
    soon,
  );
});

test('a search finds people, their jobs are one click away, and hostile names stay in their cells', async () => {
  const userId = somebody();
  await page.getByRole('textbox', { name: 'Search people' }).fill(userId);
  await page.getByText(/^1 of /).waitFor();
  await page.getByRole('button', { name: 'What can be typed to find people' }).click();
  const help = page.getByRole('dialog', { name: 'What can be typed to find people' });
  await help.getByText('without a nickname').waitFor();
  await page.screenshot({ path: resolve(pictures, 'filter-help.png') });
  await help.getByRole('button', { name: 'waiting', exact: true }).click();
  await help.waitFor({ state: 'detached' });
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

test('a thousand people: few rows exist, keys reach every one, nothing leaves its cell, a filter can be typed', async () => {
  served.workshop.show(crowd());
  const grid = page.getByRole('grid', { name: 'People' });
  const lines = grid.locator('[data-person]');
  await page.getByText('1,000 people', { exact: true }).waitFor();
  expect(await lines.count()).toBeLessThan(40);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-person'));
  const at = (userId: string) => vi.waitFor(async () => expect(await focused()).toBe(userId), soon);

  await page.getByRole('button', { name: 'Person', exact: true }).click();
  await page.getByRole('columnheader', { name: 'Person', exact: true }).waitFor();
  await lines.first().focus();
  const first = await focused();
  const place = () => page.evaluate(() => Number(document.activeElement?.getAttribute('aria-rowindex')));
  await page.keyboard.press('End');
  await vi.waitFor(async () => expect(await place()).toBe(1001), soon);
  const seen = await page.evaluate(() => {
    const [row, table] = [document.activeElement, document.querySelector('[role=grid]')];
    const [inner, outer] = [row, table].map((one) => one?.getBoundingClientRect());
    return inner && outer && inner.top >= outer.top && inner.bottom <= outer.bottom + 1;
  });
  expect(seen).toBe(true);
  await page.keyboard.press('Home');
  await at(first ?? '');
  await page.keyboard.press('PageDown');
  await vi.waitFor(async () => expect(await place()).toBeGreaterThan(2), soon);
  const heading = await page.getByRole('columnheader', { name: 'Person', exact: true }).boundingBox();
  const box = await page.locator(':focus').boundingBox();
  expect(box?.y).toBeGreaterThanOrEqual((heading?.y ?? 0) + (heading?.height ?? 0));

  // Enter opens the acts of the row; Escape leads back to it; Tab goes on to its buttons.
  const row = await focused();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Show their jobs' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await at(row ?? '');
  const search = page.getByRole('textbox', { name: 'Search people' });
  await search.fill('held waiting');
  await page.getByText('1 of 1,000 people', { exact: true }).waitFor();
  await lines.first().focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await vi.waitFor(() => expect(inputs('hold')).toEqual([{ userId: 'user0000', held: false }]), soon);
  await page.getByText('0 of 1,000 people', { exact: true }).waitFor();

  await search.fill('user000');
  await page.getByText('10 of 1,000 people', { exact: true }).waitFor();
  await grid.getByText(HOSTILE[0] ?? '').waitFor();
  const escapes = await grid.evaluate((one) =>
    [...one.querySelectorAll('[data-person]')].some((line) => {
      const outer = line.getBoundingClientRect();
      return [...line.children].some((cell) => {
        const inner = cell.getBoundingClientRect();
        return inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1 || inner.right > outer.right + 1;
      });
    }),
  );
  expect(escapes).toBe(false);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await page.screenshot({ path: resolve(pictures, 'thousand-hostile.png') });
  await search.fill('');
  await page.getByText('1,000 people', { exact: true }).waitFor();
  await bringAxe(page);
  for (const look of ['dark', 'light']) {
    expect(await axeFindings(page)).toEqual([]);
    await page.screenshot({ path: resolve(pictures, `thousand-${look}.png`) });
    await page.keyboard.press('Escape');
    await lines.first().focus();
    await page.keyboard.press('l');
  }
});
