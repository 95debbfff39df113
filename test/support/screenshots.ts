/**
 * `node test/support/screenshots.ts [state…]`: pictures of the Stage and the Jobs screen in every state, dark and
 * light, into test/artifacts/screenshots/.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { openBrowser } from './browser.ts';
import { fullHour } from './capacity-states.ts';
import { serveFakeWorkshop } from './fake-workshop.ts';
import { logScene } from './log-scene.ts';
import { root } from './run-step.ts';
import { stageStates } from './stage-states.ts';

const folder = resolve(root, 'test/artifacts/screenshots');
await mkdir(folder, { recursive: true });
const asked = process.argv.slice(2);
const capacityToo = [
  'full-hour',
  'link-lost',
  'hostile',
  'no-agent',
  'agent-silent',
  'no-worker',
  'many-hosts',
];
const states = Object.entries({ ...stageStates, 'full-hour': fullHour }).filter(
  ([name]) => asked.length === 0 || asked.includes(name),
);
const sizes = [
  { name: '1440x900', width: 1440, height: 900 },
  { name: '1280x720', width: 1280, height: 720 },
];

const first = states[0]?.[1](Date.now());
if (!first) throw new Error(`There is no such state. There are: ${Object.keys(stageStates).join(', ')}`);
const served = await serveFakeWorkshop(first);
logScene(served.workshop.logs);
const browser = await openBrowser();
try {
  for (const look of ['dark', 'light'] as const)
    for (const { name: sizeName, width, height } of sizes) {
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
      await context.addInitScript((value) => localStorage.setItem('workshop-console-look', value), look);
      const page = await context.newPage();
      page.on('pageerror', (error) => console.error(`page error: ${error.message}`));
      page.on(
        'console',
        (message) => message.type() === 'error' && console.error(`console: ${message.text()}`),
      );
      await page.goto(served.link());
      for (const [name, make] of states) {
        served.workshop.show(make(Date.now()));
        await page.evaluate(() => {
          location.hash = '/stage';
        });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: resolve(folder, `${name}.${look}.${sizeName}.png`) });
        if (capacityToo.includes(name)) {
          await page.evaluate(() => {
            location.hash = '/capacity';
          });
          await page.waitForTimeout(1000);
          await page.screenshot({ path: resolve(folder, `capacity-${name}.${look}.${sizeName}.png`) });
          await page.getByRole('button', { name: /^Alerts: / }).click({ force: true });
          for (const tab of ['Now', 'Rules', 'Earlier']) {
            await page.getByRole('tab', { name: tab }).click();
            await page.waitForTimeout(400);
            await page.screenshot({ path: resolve(folder, `alerts-${tab}-${name}.${look}.${sizeName}.png`) });
          }
          await page.keyboard.press('Escape');
        }
        if (!['busy', 'many-jobs', 'hostile'].includes(name)) continue;
        await page.evaluate(() => {
          location.hash = '/jobs';
        });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: resolve(folder, `jobs-${name}.${look}.${sizeName}.png`) });
        await page.evaluate(() => {
          location.hash = '/people';
        });
        await page.waitForTimeout(1000);
        await page.screenshot({ path: resolve(folder, `people-${name}.${look}.${sizeName}.png`) });
        if (name !== 'busy') continue;
        await page.evaluate(() => {
          location.hash = '/logs';
        });
        await page.waitForTimeout(1500);
        await page.screenshot({ path: resolve(folder, `logs-${name}.${look}.${sizeName}.png`) });
      }
      await context.close();
    }
} finally {
  await browser.close();
  await served.close();
}
console.log(`Pictures are in ${folder}`);
