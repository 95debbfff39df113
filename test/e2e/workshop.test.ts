import { type Browser, chromium } from 'playwright-core';
import { afterEach, beforeEach, test } from 'vitest';
import { consoleEnvironment, openConsole } from '../../resources/demo/console-process.ts';
import { type DemoWorkshop, startDemoWorkshop } from '../../resources/demo/demo-workshop.ts';
import { commandPath } from '../../resources/demo/system-packages.ts';
import {
  electronPresence,
  type LaunchedConsole,
  launchRealElectron,
  launchUnderStandIn,
} from '../support/electron-stand-in/launch.ts';
import { runWorkshopScenario, SCENARIO } from '../support/workshop-scenario.ts';

const MINUTES = 60_000;
const NAME = 'Demo workshop';

let workshop: DemoWorkshop;
const undo: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  workshop = await startDemoWorkshop(SCENARIO);
  undo.push(() => workshop.stop(1000));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

test('a host runs a workshop in a browser, through the web shell', { timeout: 6 * MINUTES }, async () => {
  const shell = await openConsole({ dir: workshop.dir, redis: workshop.redis, name: NAME, shell: 'web' });
  undo.push(shell.stop);
  const browser = await startChromium();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(shell.link ?? '');
  await runWorkshopScenario(page, workshop, 'workshop-web');
});

test('a host runs a workshop in the built desktop app, under the Electron stand-in', {
  timeout: 6 * MINUTES,
}, async () => {
  const app = await launchUnderStandIn({ env: environment() });
  await inDesktopApp(app, 'workshop-stand-in');
});

test('a host runs a workshop in the desktop app on real Electron', { timeout: 6 * MINUTES }, async ({
  skip,
}) => {
  const presence = electronPresence();
  skip(presence.kind === 'absent', presence.kind === 'absent' ? presence.why : '');
  await inDesktopApp(await launchRealElectron({ env: environment() }), 'workshop-electron');
});

async function inDesktopApp(app: LaunchedConsole, name: string): Promise<void> {
  undo.push(app.close);
  await runWorkshopScenario(app.page, workshop, name);
}

function environment(): Record<string, string> {
  return consoleEnvironment({ dir: workshop.dir, redis: workshop.redis, name: NAME });
}

async function startChromium(): Promise<Browser> {
  const executablePath = commandPath('chromium');
  if (!executablePath) throw new Error('chromium is not installed: apt-get install chromium');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  undo.push(() => browser.close());
  return browser;
}
