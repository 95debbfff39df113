import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { openBrowser } from '../support/browser.ts';
import { threeHosts } from '../support/capacity-states.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';

/** The Capacity screen with several GPU hosts in real Chromium, over the product's own services and a scripted workshop. */

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const soon = { timeout: 15_000, interval: 50 };

let browser: Browser;
let context: BrowserContext;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
const faults: string[] = [];

beforeAll(async () => {
  served = await serveFakeWorkshop(threeHosts(Date.now()));
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(async () => {
  served.workshop.calls.length = 0;
  served.workshop.show(threeHosts(Date.now()));
  await served.workshop.capacity.setPlan({ preset: 'image', users: 18 });
  await page.evaluate(() => {
    window.location.hash = '/capacity';
  });
  await page.getByRole('main', { name: 'Capacity' }).waitFor();
});

const asked = () => served.workshop.calls.flatMap(({ verb, input }) => (verb === 'setCount' ? [input] : []));
const panel = (title: string) => page.getByRole('region', { name: title, exact: true });
const apply = () => page.getByRole('button', { name: 'Run 2 on gpu-1, 1 on gpu-2' });
/** As a field for a moment takes it: local, to the minute. */
const fieldOf = (at: number) =>
  new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
/** Takes every notice away, so that the next test sees its own. */
const clear = async () => {
  for (const one of await page.getByRole('button', { name: 'Close this notice' }).all())
    await one.click({ timeout: 2000 }).catch(() => {});
};

test('a silent host is grey with its age, and is not counted', async () => {
  const silent = panel('Will it fit on gpu-3');
  await silent.getByText(/^silent/).waitFor();
  await silent.getByText(/^[23] min ago$/).waitFor();
  expect(await silent.getAttribute('class')).toMatch(/stale/);
  expect(await silent.getByTitle(/^Its agent is silent; this is its last word/).count()).toBeGreaterThan(0);
  expect(await panel('Will it fit on gpu-1').getAttribute('class')).not.toMatch(/stale/);
  await page.getByText(/Not counted: gpu-3 \(silent\)\./).waitFor();
});

test('the advised number is spread by fit; one press sets both hosts, and one takes it back', async () => {
  await apply().click();
  await page.getByText('Wanted: 2 workers on gpu-1, was 1.', { exact: true }).waitFor();
  expect(asked()).toEqual([
    expect.objectContaining({ hostId: 'gpu-1', workers: 2 }),
    expect.objectContaining({ hostId: 'gpu-2', workers: 1 }),
  ]);
  await page.getByText('That many are wanted already.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await vi.waitFor(() => expect(asked().at(-1)).toMatchObject({ hostId: 'gpu-1', workers: 1 }), soon);
  await apply().waitFor();
  await clear();
});

test('the palette offers the advised number with where it goes', async () => {
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByLabel('Find an action').fill('advised');
  await page.getByText('Run the advised number of workers: 2 on gpu-1, 1 on gpu-2').click();
  await page.getByText('Wanted: 2 workers on gpu-1, was 1.', { exact: true }).waitFor();
  await clear();
});

test('a host that refuses is named with its reason, the other one is done, and only the first is tried again', async () => {
  served.workshop.fail(
    'setCount',
    new WorkshopError('CONFLICT', 'Ben changed it 2 s ago: 4 workers wanted.'),
  );
  await apply().click();
  const failed = page
    .getByRole('alert')
    .filter({ hasText: 'The number of workers was not changed on gpu-1' });
  await failed.getByText('Ben changed it 2 s ago: 4 workers wanted.').waitFor();
  expect(asked()).toHaveLength(2);
  await failed.getByRole('button', { name: 'Apply again' }).click();
  await page.getByText('Wanted: 2 workers on gpu-1, was 1.', { exact: true }).waitFor();
  expect(asked()).toHaveLength(3);
  expect(asked().at(-1)).toMatchObject({ hostId: 'gpu-1', workers: 2 });
  await clear();
});

test('one guard for all is drawn to what a small card can reach; a host may have its own', async () => {
  const all = page.getByRole('textbox', { name: 'Guard', exact: true });
  await all.fill('70');
  await all.press('Enter');
  await panel('Will it fit on gpu-1')
    .getByText(/The guard is 70 of 80 GB, set here\./)
    .waitFor();
  const small = panel('Will it fit on gpu-2');
  await small
    .getByText(
      /The guard is 21 of 24 GB, the usual share of the card: the 70 GB that were set it can never reach\./,
    )
    .waitFor();
  const own = page.getByRole('textbox', { name: 'Guard on gpu-2' });
  await own.fill('19');
  await own.press('Enter');
  await small.getByText(/The guard is 19 of 24 GB, set for this host\./).waitFor();
  await own.fill('');
  await own.press('Enter');
  await small.getByText(/21 of 24 GB, the usual share/).waitFor();
  await all.fill('');
  await all.press('Enter');
  await small.getByText(/21 of 24 GB, set at the agent/).waitFor();
  await clear();
});

test('each host has its own price and end; the sums stand above, and one is switched off by itself', async () => {
  const rental = panel('Rental');
  const enter = async (hostId: string, price: string, end: string | null) => {
    const part = rental.getByRole('region', { name: hostId, exact: true });
    await page.getByRole('button', { name: `Enter the rental of ${hostId}` }).click();
    await part.getByRole('textbox', { name: 'Price an hour' }).fill(price);
    await part.getByLabel('Began').fill(fieldOf(Date.now() - 60 * 60_000));
    if (end !== null) await part.getByLabel('Ends (if known)').fill(end);
    await part.getByRole('button', { name: 'Start the meter' }).click();
    await part.getByText('so far', { exact: true }).waitFor();
    return part;
  };
  const one = await enter('gpu-1', '3', fieldOf(Date.now() + 5 * 3_600_000));
  await one.getByText(/^It ends at/).waitFor();
  const other = await enter('gpu-2', '6', null);
  await other.getByText('No end was entered.').waitFor();
  await rental.getByText('so far, all hosts').waitFor();
  // gpu-1 ran a job for half an hour, gpu-2 for six minutes: each is idle by itself.
  await one.getByText(/^A job was running (49|50) % of/).waitFor();
  await other.getByText(/^A job was running (9|10) % of/).waitFor();
  await rental
    .getByRole('region', { name: 'gpu-3', exact: true })
    .getByText(/is not entered/)
    .waitFor();
  await clear();
  await page.getByRole('button', { name: 'Change the rental of gpu-1' }).click();
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/rental-edit.png` });
  await one.getByRole('button', { name: 'Keep it' }).click();
  if (process.env.SHOTS) await rental.screenshot({ path: `${process.env.SHOTS}/rental.png` });
  await page.getByRole('button', { name: 'Change the rental of gpu-2' }).click();
  await other.getByRole('button', { name: 'Switch the meter off' }).click();
  await other.getByText(/is not entered/).waitFor();
  expect(served.workshop.snapshot.capacity?.rentals.map(({ hostId }) => hostId)).toEqual(['gpu-1']);
  await served.workshop.capacity.setRental({ hostId: 'gpu-1', rental: null });
  await clear();
});

test('under the stepper stands how old the last word of the only host is', async () => {
  const state = threeHosts(Date.now());
  const { 'gpu-3': silent } = state.snapshot.hosts;
  if (!silent) throw new Error('there is no gpu-3');
  state.snapshot.hosts = { 'gpu-3': silent };
  served.workshop.show(state);
  await page.keyboard.press('1');
  const line = page.getByTitle(/^Its agent is silent; this is its last word/);
  await line.getByText(/^[23] min ago: 2 workers: .* fits by its last word$/).waitFor();
});

test.each(['dark', 'light'])('axe finds nothing, %s', async (look) => {
  const own = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await own.addInitScript((value) => localStorage.setItem('workshop-console-look', value), look);
  const view = await own.newPage();
  await view.goto(`${served.link()}`);
  await view.getByRole('main', { name: 'Stage' }).waitFor();
  await view.keyboard.press('4');
  await view.getByRole('list', { name: 'What fits on gpu-3' }).waitFor();
  const session = await own.newCDPSession(view);
  await session.send('Runtime.evaluate', { expression: axeSource });
  const findings = await view.evaluate(async () => {
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 160))]);
  });
  expect(findings).toEqual([]);
  if (process.env.SHOTS)
    await view.screenshot({ path: `${process.env.SHOTS}/capacity-${look}.png`, fullPage: true });
  await own.close();
});

test('the page itself had no error', () => {
  expect(faults).toEqual([]);
});
