import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { deployStates } from '../support/deploy-states.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { gpuStates } from '../support/gpu-states.ts';
import { showScreen, showState, TOUR } from '../support/screen-tour.ts';
import { stageStates } from '../support/stage-states.ts';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;

beforeAll(async () => {
  const busy = stageStates.busy;
  if (!busy) throw new Error('there is no busy state');
  served = await serveFakeWorkshop(busy(Date.now()));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

interface Finding {
  id: string;
  help: string;
  nodes: string[];
}

/** Waits until nothing fades or slides any more: halfway, colours are those of neither end. */
async function atRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    const finite = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(finite.map(({ finished }) => finished));
  });
  await page.waitForFunction(() => document.querySelector('button[data-loading]') === null);
}

/** What axe finds in the page as it stands, all rules at their default. */
async function findings(page: Page): Promise<Finding[]> {
  await atRest(page);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 5).map(({ html }) => html.slice(0, 200)),
    }));
  });
}

describe.each(['dark', 'light'])('%s', (look) => {
  let context: BrowserContext;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await context.addInitScript((value) => localStorage.setItem('workshop-console-look', value), look);
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    await page.goto(served.link());
    await page.getByRole('main', { name: 'Stage' }).waitFor();
    // Past the page's own policy, as a debugger would; the page itself may run nothing from elsewhere.
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: axeSource });
  });
  afterAll(async () => {
    await context?.close();
  });

  const show = async (name: string) => {
    const state = { ...stageStates, ...gpuStates }[name]?.(Date.now());
    if (!state) throw new Error(`there is no state ${name}`);
    // Each state is told apart by a name of its own, so that its arrival can be waited for.
    if (state.snapshot.name !== null) state.snapshot.name = `Workshop ${name}`;
    served.workshop.show(state);
    await page
      .getByRole('heading', { level: 1, name: state.snapshot.name ?? 'Workshop Console', exact: true })
      .waitFor();
  };

  test.each(Object.keys({ ...stageStates, ...gpuStates }))('the Stage, %s', async (name) => {
    await page.keyboard.press('1');
    await show(name);
    expect(await findings(page)).toEqual([]);
  });

  test.each(['busy', 'hostile', 'first-run', 'link-lost'])('the Jobs screen, %s', async (name) => {
    await show(name);
    await page.keyboard.press('2');
    await page.getByRole('main', { name: 'Jobs' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('1');
  });

  test.each(['busy', 'hostile', 'first-run', 'link-lost'])('the People screen, %s', async (name) => {
    await show(name);
    await page.keyboard.press('3');
    await page.getByRole('main', { name: 'People' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('1');
  });

  test('the Logs screen: none, lines, a chosen one, lost', async () => {
    const { logs } = served.workshop;
    logs.found = [];
    await show('busy');
    const reload = page.getByRole('button', { name: 'Look again' });
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Logs' }).click();
    await reload.waitFor();
    expect(await findings(page)).toEqual([]);
    logs.found = [{ id: 'worker-1', kind: 'worker', where: 'container comfyui-worker-1' }];
    logs.become({ kind: 'live', since: Date.now() });
    logs.begin();
    logs.write(
      (['debug', 'info', 'warn', 'error', 'note'] as const).map((level) => ({ level, text: `a ${level}` })),
    );
    logs.write([{ text: 'after a gap', came: true }], 100);
    await reload.click();
    await page.getByRole('textbox', { name: 'Search this log' }).fill('a');
    await page.getByRole('option', { name: /a warn/ }).click();
    expect(await findings(page)).toEqual([]);
    logs.become({
      ...{ kind: 'lost', since: Date.now() - 5000, why: 'The link dropped.' },
      ...{ remedy: 'It is made anew.', retryAt: Date.now() },
    });
    await page.getByText('The link dropped.').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('1');
  });

  test.each([
    'ready',
    'running',
    'stopping',
    'interrupted',
    'waits-for-earlier',
    'waits-for-login',
    'failed',
    'incomplete',
    'hostile',
  ])('the Hosts screen, %s', async (name) => {
    const views = deployStates[name]?.() ?? [];
    served.workshop.deploy.show(views);
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Hosts' }).click();
    await page.getByRole('main', { name: 'Hosts' }).waitFor();
    const phases: Record<string, string> = {
      ready: 'Deploy',
      running: 'Stop here',
      'waits-for-earlier': 'Stop here',
      stopping: 'Stopping',
      'waits-for-login': 'Stop here',
      incomplete: 'Look',
    };
    const phase = phases[name] ?? 'Go on';
    await page.getByRole('button', { name: new RegExp(`^${phase}`) }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('1');
  });

  test('two GPU hosts, one of them silent, on every screen', { timeout: 120_000 }, async () => {
    const pair = TOUR.find(({ name }) => name === 'mixed-pair');
    if (!pair) throw new Error('there is no pair');
    await showState(page, served.workshop, pair);
    const found: Record<string, Finding[]> = {};
    for (const screen of pair.screens) {
      await showScreen(page, screen);
      found[screen] = await findings(page);
    }
    expect(found).toEqual(Object.fromEntries(pair.screens.map((screen) => [screen, []])));
    await showScreen(page, 'stage');
  });

  test('menus, dialogs, the palette and notices', async () => {
    await show('busy');
    await page.getByRole('button', { name: 'Drain…' }).click();
    await page.getByRole('menuitem', { name: 'Drain all workers' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: /^Order of the queue/ }).click();
    await page.getByRole('menuitem', { name: /^fair shares/ }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Actions for worker-2 on gpu-1' }).click();
    await page.getByRole('menuitem', { name: 'Interrupt the job…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.keyboard.press('Control+k');
    await page.getByLabel('Find an action').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Recent' }).click();
    await page.getByRole('list', { name: 'Recent events' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'Hold queue' }).click();
    await page.getByText('The queue is held. Running jobs go on.').waitFor();
    expect(await findings(page)).toEqual([]);
  });

  test('the page itself had no error, and nothing hostile ran', async () => {
    expect(faults).toEqual([]);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  });
});
