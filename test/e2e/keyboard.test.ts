import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { stageStates } from '../support/stage-states.ts';

let browser: Browser;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;

beforeAll(async () => {
  const many = stageStates['many-jobs'];
  if (!many) throw new Error('there is no such state');
  served = await serveFakeWorkshop(many(Date.now()));
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' });
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const calls = (verb: string) => served.workshop.calls.filter((call) => call.verb === verb);
const focusedJob = () => page.evaluate(() => document.activeElement?.getAttribute('data-job'));
const focusedText = () => page.evaluate(() => document.activeElement?.textContent);
const soon = { timeout: 15_000, interval: 50 };

test('among 10,000 jobs the keys reach every row, and only the rows in sight exist', async () => {
  await page.keyboard.press('2');
  const rows = page.getByRole('grid', { name: 'Jobs' }).locator('[data-job]');
  await rows.first().waitFor();
  expect(await rows.count()).toBeLessThan(60);
  await rows.first().focus();
  const first = await focusedJob();
  await page.keyboard.press('End');
  await vi.waitFor(async () => expect(await focusedJob()).not.toBe(first), soon);
  const lastIndex = await page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex'));
  expect(lastIndex).toBe('10001');
  await page.keyboard.press('Home');
  await vi.waitFor(async () => expect(await focusedJob()).toBe(first), soon);
  await page.keyboard.press('ArrowDown');
  await vi.waitFor(async () => expect(await focusedJob()).not.toBe(first), soon);
});

test('Enter opens the actions of a job, arrows choose, Escape returns to the row', async () => {
  const job = await focusedJob();
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await vi.waitFor(async () => expect(await focusedText()).toBe('To the front'), soon);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await vi.waitFor(async () => expect(await focusedJob()).toBe(job), soon);
  await page.keyboard.press('Enter');
  await vi.waitFor(async () => expect(await focusedText()).toBe('To the front'), soon);
  await page.keyboard.press('Enter');
  await vi.waitFor(
    () => expect(calls('prioritise').map(({ input }) => input)).toEqual([{ jobId: job, priority: 0 }]),
    soon,
  );
});

test('the Stage is steered without a mouse', async () => {
  await page.keyboard.press('1');
  await page.getByRole('button', { name: 'One worker more on gpu-1' }).focus();
  await page.keyboard.press('Enter');
  await vi.waitFor(() => expect(calls('setCount')).toHaveLength(1), soon);
  await page.getByRole('button', { name: 'Drain…' }).focus();
  await page.keyboard.press('Enter');
  await vi.waitFor(async () => expect(await focusedText()).toBe('Drain all workers'), soon);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await vi.waitFor(
    () => expect(calls('drain').map(({ input }) => input)).toMatchObject([{ workerIds: ['worker-1'] }]),
    soon,
  );
  await page.getByRole('button', { name: 'Actions for worker-2 on gpu-1' }).focus();
  await page.keyboard.press('Enter');
  await vi.waitFor(async () => expect(await focusedText()).toBe('Drain'), soon);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
});

test('single keys rest while somebody types', async () => {
  await page.keyboard.press('2');
  await page.getByRole('textbox', { name: 'Search jobs' }).fill('');
  await page.getByRole('textbox', { name: 'Search jobs' }).press('1');
  expect(await page.getByRole('main', { name: 'Jobs' }).isVisible()).toBe(true);
  expect(await page.getByRole('textbox', { name: 'Search jobs' }).inputValue()).toBe('1');
});

test('the palette finds a verb by its name', async () => {
  await page.keyboard.press('Control+k');
  await page.getByLabel('Find an action').fill('hold the');
  await page.getByRole('dialog').getByText('Hold the queue').waitFor();
  await page.keyboard.press('Enter');
  await vi.waitFor(() => expect(calls('holdQueue')).toHaveLength(1), soon);
});
