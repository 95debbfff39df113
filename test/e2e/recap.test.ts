import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { boundsOf } from '../../src-main/domain/history/local-day.ts';
import { lossFault, noLoss, withLoss } from '../../src-main/domain/history/loss.ts';
import { emptyProfile } from '../../src-main/domain/workshops/profile.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { endedJob, sampleAt, workshopDay } from '../support/history-day.ts';
import { roomState } from '../support/room-states.ts';
import { root } from '../support/run-step.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const pictures = resolve(root, 'test/artifacts/recap');
const DAY = '2026-03-02';
const DARK_SIZES = [
  [1280, 720],
  [3840, 2160],
] as const;
const LIGHT_SIZES = [[1440, 900]] as const;
const midnight = boundsOf(DAY)?.from ?? Number.NaN;

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
let context: BrowserContext;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  served = await serveFakeWorkshop(roomState(Date.now(), { people: 3, workers: 1 }));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(async () => {
  served.workshop.kept.clear();
  served.workshop.kept.set(DAY, workshopDay(midnight));
  const rental = {
    ...{ pricePerHour: 2.69, currency: '€' },
    startedAt: midnight + 9.5 * 3_600_000,
    endsAt: midnight + 17.5 * 3_600_000,
  };
  served.workshop.rentals = [{ hostId: 'gpu-1', rental }];
  served.workshop.historyState = { savedUntil: midnight + 61_000_000, keeps: 'all', fault: null };
  faults.length = 0;
  context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

async function openRecap() {
  await page.goto(served.link());
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Recap' }).click();
  await page.getByRole('main', { name: 'Recap' }).waitFor();
}

async function axeFindings(): Promise<unknown[]> {
  const session = await context.newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axeSource });
  return page.evaluate(async () => {
    // Halfway between two looks, colours are those of neither.
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
    }));
  });
}

const figure = (name: string) =>
  page
    .locator('dl > div')
    .filter({ has: page.locator('dt', { hasText: name }) })
    .locator('b')
    .textContent();

test('a day in words and figures, by hour, person, cause and kind; who changed what; what it cost', async () => {
  await openRecap();
  const sheet = page.getByRole('article', { name: `Recap of ${DAY}` });
  await sheet.waitFor();
  expect(await figure('Jobs made')).toBe('183');
  expect(await figure('People')).toBe('20');
  expect(await figure('Rent')).toBe('€21.52');
  expect(await sheet.getByText(/did not watch/).count()).toBe(1);
  expect(await sheet.getByRole('list', { name: 'Jobs by the hour' }).getByRole('listitem').count()).toBe(7);
  // An hour that nobody watched is marked, and its bar is as long as any other of as many jobs.
  const bars = await sheet
    .locator('ol > li')
    .evaluateAll((hours) =>
      hours.map((hour) => [
        Math.round(hour.querySelector('i[data-kind="completed"]')?.getBoundingClientRect().height ?? 0),
        hour.textContent?.includes('not watched'),
      ]),
    );
  expect(bars.map(([, gap]) => gap)).toEqual([false, false, false, true, false, false, false]);
  expect(bars[3]?.[0]).toBe(bars[4]?.[0]);
  expect(await sheet.getByText(/× GPU memory/).count()).toBe(1);
  const acts = sheet.getByRole('list', { name: 'What happened' }).getByRole('listitem');
  expect(await acts.count()).toBe(5);
  await sheet.getByRole('radiogroup', { name: 'Whose acts' }).getByText('Agents').click();
  expect(await acts.allInnerTexts()).toEqual([
    expect.stringContaining('worker-3 is ready'),
    expect.stringContaining('it is back in its place'),
  ]);
  expect(await page.getByText(/^Saved on this laptop until/).count()).toBe(1);
  const main = page.getByRole('main', { name: 'Recap' });
  for (const look of ['dark', 'light'] as const) {
    await page.evaluate((value) => localStorage.setItem('workshop-console-look', value), look);
    await page.reload();
    await sheet.waitFor();
    expect(await axeFindings()).toEqual([]);
    for (const [width, height] of look === 'dark' ? DARK_SIZES : LIGHT_SIZES) {
      await page.setViewportSize({ width, height });
      expect(await main.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
      await page.screenshot({ path: resolve(pictures, `${look}-${width}.png`) });
    }
  }
});

test('each GPU host has its own rent, and its people are called what this workshop calls them', async () => {
  const hosts = ['gpu-1', 'gpu-2'];
  served.workshop.kept.set(
    DAY,
    workshopDay(midnight).map((record, at) =>
      record.t === 'job' ? { ...record, hostId: hosts[at % 2] ?? null } : record,
    ),
  );
  const [first] = served.workshop.rentals;
  if (!first) throw new Error('nothing is rented');
  served.workshop.rentals = [
    first,
    { hostId: 'gpu-2', rental: { ...first.rental, pricePerHour: 1, currency: 'USD' } },
  ];
  const { view } = served.workshop.setup;
  const before = structuredClone(view);
  const profile = { ...emptyProfile('artists', 'AI film workshop'), wording: { people: 'artists' } };
  Object.assign(view, { currentId: profile.id, workshops: [{ profile, password: 'none' }] });
  try {
    await openRecap();
    const sheet = page.getByRole('article', { name: `Recap of ${DAY}` });
    await sheet.getByText(/^183 jobs were made for 20 artists between/).waitFor();
    expect(await figure('Artists')).toBe('20');
    expect(await figure('Rent')).toBe('€21.52 + 8.00 USD');
    await sheet.getByRole('heading', { name: 'Artists, by GPU time' }).waitFor();
    const rents = sheet.getByRole('list', { name: 'Rent by GPU host' }).getByRole('listitem');
    expect(await rents.allInnerTexts()).toEqual([
      expect.stringMatching(
        /^gpu-1\s+€21\.52 · 8\.0 h at €2\.69, at least €\d+\.\d\d of it idle, .* not known$/,
      ),
      expect.stringMatching(/^gpu-2\s+8\.00 USD · 8\.0 h at 1\.00 USD, at least /),
    ]);
    expect(await axeFindings()).toEqual([]);
    await page.screenshot({ path: resolve(pictures, 'two-hosts.png'), fullPage: true });
    await rents.first().scrollIntoViewIfNeeded();
    await page.screenshot({ path: resolve(pictures, 'two-hosts-rent.png') });
  } finally {
    Object.assign(view, before);
  }
});

test('is taken home as tables, as a picture and on paper', async () => {
  await openRecap();
  await page.getByRole('article').waitFor();
  const download = async (press: () => Promise<void>) => {
    const [file] = await Promise.all([page.waitForEvent('download'), press()]);
    return { name: file.suggestedFilename(), content: await readFile(await file.path()) };
  };
  const people = await download(async () => {
    await page.getByRole('button', { name: 'CSV' }).click();
    await page.getByRole('menuitem', { name: 'People' }).click();
  });
  expect(people.name).toBe(`workshop-${DAY}-people.csv`);
  expect(people.content.toString('utf8').trim().split('\r\n')).toHaveLength(21);
  const png = await download(() => page.getByRole('button', { name: 'Picture' }).click());
  expect(png.name).toBe(`workshop-${DAY}.png`);
  expect(png.content.subarray(1, 4).toString()).toBe('PNG');
  expect(png.content.readUInt32BE(16)).toBe(1600);
  await writeFile(resolve(pictures, 'picture.png'), png.content);

  await page.evaluate(() => {
    window.print = () => Object.assign(window, { printed: true });
  });
  await page.getByRole('button', { name: 'PDF' }).click();
  await page.waitForFunction(() => 'printed' in window);
  await page.emulateMedia({ media: 'print' });
  expect(await page.getByRole('navigation', { name: 'Screens' }).isVisible()).toBe(false);
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot({ path: resolve(pictures, 'print.png'), fullPage: true });
  const pdf = await page.pdf({ path: resolve(pictures, 'recap.pdf'), format: 'A4', printBackground: true });
  const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  expect(pages).toBeGreaterThanOrEqual(1);
  expect(pages).toBeLessThanOrEqual(4);
});

test('no day, a disk that takes nothing, a day that cannot be read: each says what is', async () => {
  served.workshop.kept.clear();
  await openRecap();
  await page.getByText('Nothing is kept yet.').waitFor();
  served.workshop.kept.set(DAY, []);
  const fault = new WorkshopError('CONFIG', 'The history cannot be written: no space left on device.', {
    remedy: 'Check the space on the disk.',
  });
  served.workshop.historyState = { savedUntil: null, keeps: 'nothing', fault: fault.toInfo() };
  await page.reload();
  await page.getByText('What happens now is not being kept').waitFor();
  await page.getByText('Nothing is known of this day.').waitFor();
  // Unknown is not zero.
  for (const name of ['Jobs made', 'People', 'Usual wait', 'On a GPU'])
    expect(await figure(name), name).toBe('–');
  expect(await page.getByText('of it idle').count()).toBe(0);
  const full = lossFault(withLoss(noLoss(), [endedJob(midnight, 1), sampleAt(midnight, 1, 1)], 'full', 1));
  served.workshop.historyState = { savedUntil: midnight, keeps: 'part', fault: full?.toInfo() ?? null };
  await page.reload();
  await page.getByText('Part of today is not kept').waitFor();
  await page
    .getByText(/is full, and 1 record of jobs and events and 1 figure of the charts could not/)
    .waitFor();
  expect(await axeFindings()).toEqual([]);
  await page.screenshot({ path: resolve(pictures, 'empty.png') });
});

test('hostile names, kinds and errors are text, and the sheet holds', async () => {
  const hostile = ['<img src=x onerror="window.hacked=1">', 'W'.repeat(10_000), '\u202eevil\u0007', '=cmd()'];
  served.workshop.kept.set(
    DAY,
    hostile.flatMap((text, at) =>
      [0, 1].map((twin) =>
        endedJob(midnight, 3_600_000 + at * 10 + twin, {
          ...{
            userId: text,
            kind: text,
            error: text.slice(0, 500),
            status: twin === 0 ? 'failed' : 'completed',
          },
        }),
      ),
    ),
  );
  await openRecap();
  await page.getByText('<img src=x onerror=').first().waitFor();
  const main = page.getByRole('main', { name: 'Recap' });
  expect(await main.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await page.screenshot({ path: resolve(pictures, 'hostile.png') });
});
