/**
 * `node test/support/screenshots.ts [state…]`: pictures of every screen in every state, dark and light, at three sizes,
 * into test/artifacts/screenshots/, which git leaves out.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { openBrowser } from './browser.ts';
import { serveFakeWorkshop } from './fake-workshop.ts';
import { overflowOf } from './page-overflow.ts';
import { root } from './run-step.ts';
import { SIZES, showScreen, showState, TOUR } from './screen-tour.ts';

const folder = resolve(root, 'test/artifacts/screenshots');
await mkdir(folder, { recursive: true });
const asked = process.argv.slice(2);
const states = TOUR.filter(({ name }) => asked.length === 0 || asked.includes(name));
const [first] = states;
if (!first) throw new Error(`There is no such state. There are: ${TOUR.map(({ name }) => name).join(', ')}`);

const served = await serveFakeWorkshop(first.make(Date.now()));
const browser = await openBrowser();
const picture = (page: Page, ...name: string[]) =>
  page.screenshot({ path: resolve(folder, `${name.join('.')}.png`) });
try {
  for (const look of ['dark', 'light'] as const)
    for (const { name: size, width, height } of SIZES) {
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
      await context.addInitScript((value) => localStorage.setItem('workshop-console-look', value), look);
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`page error: ${error.message}`));
      page.on(
        'console',
        (message) => message.type() === 'error' && console.error(`console: ${message.text()}`),
      );
      await page.goto(served.link());
      for (const state of states) {
        await showState(page, served.workshop, state);
        for (const screen of state.screens) {
          await showScreen(page, screen);
          await picture(page, screen, state.name, look, size);
          for (const what of await overflowOf(page))
            console.error(`${screen}, ${state.name}, ${size}: ${what} stands out of the window`);
        }
        if (!state.screens.includes('capacity') || state.name === 'first-run') continue;
        await page.getByRole('button', { name: /^Alerts: / }).click({ force: true });
        for (const tab of ['Now', 'Rules', 'Earlier']) {
          await page.getByRole('tab', { name: tab }).click();
          await picture(page, `alerts-${tab}`, state.name, look, size);
        }
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      await context.close();
    }
} finally {
  await browser.close();
  await served.close();
}
console.log(`Pictures are in ${folder}`);
