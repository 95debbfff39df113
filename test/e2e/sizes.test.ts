import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { overflowOf } from '../support/page-overflow.ts';
import { SIZES, showScreen, showState, TOUR } from '../support/screen-tour.ts';

/** No screen stands out of the window: on the smallest laptop, on a 13-inch one and on a 4K display. */

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;

beforeAll(async () => {
  const [first] = TOUR;
  if (!first) throw new Error('the tour begins somewhere');
  served = await serveFakeWorkshop(first.make(Date.now()));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

describe.each([...SIZES])('$name', ({ width, height }) => {
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(served.link());
  });
  afterAll(async () => {
    await page?.close();
  });

  test('what does stand out is found', async () => {
    await page.getByRole('main', { name: 'Stage' }).waitFor();
    const add = (style: string) =>
      page.evaluate((css) => {
        const box = document.createElement('div');
        box.id = 'stands-out';
        box.setAttribute('style', css);
        document.querySelector('main')?.append(box);
      }, style);
    const gone = () => page.evaluate(() => document.getElementById('stands-out')?.remove());
    for (const style of [
      'width: 150vw; height: 2px',
      'position: fixed; right: -20px; width: 90px; height: 9px',
    ]) {
      await add(style);
      expect(await overflowOf(page)).not.toEqual([]);
      await gone();
    }
    expect(await overflowOf(page)).toEqual([]);
  });

  test.each(TOUR.map((state) => [state.name, state] as const))(
    '%s',
    { timeout: 60_000 },
    async (_, state) => {
      await showState(page, served.workshop, state);
      const found: Record<string, string[]> = {};
      for (const screen of state.screens) {
        await showScreen(page, screen);
        const out = await overflowOf(page);
        if (out.length > 0) found[screen] = out;
      }
      expect(found).toEqual({});
      expect(faults).toEqual([]);
    },
  );
});
