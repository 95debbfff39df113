import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LogLine } from '../../src-main/domain/logs/log-line.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { stageStates } from '../support/stage-states.ts';

let browser: Browser;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
const faults: string[] = [];
const soon = { timeout: 15_000, interval: 50 };

beforeAll(async () => {
  const busy = stageStates.busy;
  if (!busy) throw new Error('there is no such state');
  served = await serveFakeWorkshop(busy(Date.now()));
  browser = await openBrowser();
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(served.link());
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Logs' }).click();
  await page.getByRole('main', { name: 'Logs' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const logs = () => served.workshop.logs;
const list = () => page.getByRole('listbox', { name: 'Lines of worker-1' });
const lines = () => list().getByRole('option');
const numbered = (from: number, to: number, more: Partial<LogLine> = {}) =>
  Array.from({ length: to - from }, (_, at) => ({ text: `step ${from + at}`, ...more }));

test('no log yet says what will bring one; a machine that is not reached says why', async () => {
  await page.getByText('No log on GPU host yet').waitFor();
  logs().trouble = new WorkshopError('HOST_REFUSED', 'The GPU host answers, but not for SSH.', {
    remedy: 'Start sshd there.',
  });
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByText('The GPU host answers, but not for SSH.').waitFor();
  await page.getByText('Start sshd there.').waitFor();
  logs().trouble = null;
  logs().found = [
    { id: 'agent', kind: 'agent', where: 'journal of worker-agent.service' },
    { id: 'worker-1', kind: 'worker', where: 'container comfyui-worker-1' },
  ];
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('navigation', { name: 'Logs' }).getByRole('button', { name: 'worker-1' }).click();
  await vi.waitFor(() => expect(logs().followed).toEqual(['worker-1']), soon);
  await page.getByText('Nothing written yet').waitFor();
});

test('new lines appear at the end, without those that nobody could read; only lines in sight exist', async () => {
  logs().write(numbered(0, 5000));
  await lines().filter({ hasText: 'step 4999' }).waitFor();
  expect(await lines().count()).toBeLessThan(80);
  logs().write([{ text: 'after the storm' }], 12_304);
  await page.getByText('12,304 lines not shown').waitFor();
  await lines().filter({ hasText: 'after the storm' }).waitFor();
});

test('who scrolls up reads in peace, and End follows again', async () => {
  await list().focus();
  await page.keyboard.press('Home');
  await lines()
    .filter({ hasText: /step 0$/ })
    .waitFor();
  logs().write(numbered(5000, 5200));
  await page.getByText('Standing still while you read.').waitFor();
  await vi.waitFor(async () => expect(await lines().first().textContent()).toMatch(/step 0$/), soon);
  await page.keyboard.press('End');
  await lines().filter({ hasText: 'step 5199' }).waitFor();
  await page.getByText('Live. New lines appear at the end.').waitFor();
  await page.keyboard.press(' ');
  logs().write([{ text: 'said while paused' }]);
  await page.getByText('Paused.').waitFor();
  expect(await page.getByText('said while paused').count()).toBe(0);
  await page.getByRole('button', { name: 'Follow' }).click();
  await lines().filter({ hasText: 'said while paused' }).waitFor();
});

test('a search shows what it finds, a level what is serious; copying and saving take just that', async () => {
  logs().write([
    { text: 'got prompt for worker-1', level: 'debug' },
    { text: 'low VRAM for PROMPT two', level: 'warn' },
    { text: 'prompt three failed with [hidden]', level: 'error', hidden: 1 },
  ]);
  await page.getByRole('textbox', { name: 'Search this log' }).fill('prompt');
  await vi.waitFor(
    async () =>
      expect(await list().locator('mark').allTextContents()).toEqual(['prompt', 'PROMPT', 'prompt']),
    soon,
  );
  await page.getByRole('button', { name: /^warnings/ }).click();
  // What could not be shown is told whatever is asked for.
  await vi.waitFor(async () => expect(await lines().count()).toBe(3), soon);
  await page.getByText('1 secret hidden').waitFor();
  await lines().last().click();
  await page.getByRole('region', { name: 'The chosen line' }).getByText('1 secret hidden').waitFor();
  await page.keyboard.press('Shift+ArrowUp');
  await page.getByText('2 lines selected').waitFor();
  await page.keyboard.press('Control+c');
  await page.getByText('2 lines copied.').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^\S+Z warn {2}low VRAM for PROMPT two\n\S+Z error prompt three failed with \[hidden\]\n$/,
  );
  // A clipboard that is not given is said, and can be asked for again.
  await page.evaluate(() => {
    const { clipboard } = navigator;
    const write = clipboard.writeText.bind(clipboard);
    clipboard.writeText = async () => {
      clipboard.writeText = write;
      throw new DOMException('Write permission denied.', 'NotAllowedError');
    };
  });
  await page.keyboard.press('Control+c');
  const refused = page.getByRole('alert').filter({ hasText: 'Nothing was copied' });
  await refused.getByText('The clipboard was not given to this window.').waitFor();
  await refused.getByRole('button', { name: 'Try again' }).click();
  await refused.waitFor({ state: 'detached' });
  await page.getByText('2 lines copied.').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save' }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toBe('worker-1.log');
  const text = await readFile(await saved.path(), 'utf8');
  expect(text.split('\n').slice(0, 2)).toEqual([
    '… 12,304 lines not shown …',
    expect.stringContaining('PROMPT two'),
  ]);
  await page.getByRole('textbox', { name: 'Search this log' }).fill('nowhere to be found');
  await page.getByRole('button', { name: 'all', exact: true }).click();
  await page.getByRole('textbox', { name: 'Search this log' }).fill('');
  await page.getByRole('button', { name: 'Follow' }).click();
});

test('hostile lines are text, and the layout stays', async () => {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  logs().write([
    { text: '<img src=x onerror="window.hacked=1"><script>hacked=1</script>' },
    { text: 'x'.repeat(4000), cut: 60_000 },
  ]);
  await lines().filter({ hasText: '<script>' }).waitFor();
  await lines().last().click();
  await page.getByText('60,000 more characters were cut off').waitFor();
  expect(await page.evaluate(() => [document.documentElement.scrollWidth, 'hacked' in window])).toEqual([
    wide,
    false,
  ]);
  await page.keyboard.press('Escape');
});

test('a lost log says since when and why, keeps its lines, and goes on by itself', async () => {
  const shown = await lines().count();
  logs().become({
    ...{ kind: 'lost', since: Date.now() - 65_000, why: 'The link to the GPU host dropped.' },
    ...{ remedy: 'It is made anew by itself.', retryAt: Date.now() + 1000 },
  });
  await page.getByText(/Nothing newer since .* \(65 s ago\)|Nothing newer since .* \(6\d s ago\)/).waitFor();
  await page.getByText('The link to the GPU host dropped.').waitFor();
  expect(await lines().count()).toBeGreaterThan(shown / 2);
  logs().become({ kind: 'live', since: Date.now() });
  await page.getByText('Nothing newer since').waitFor({ state: 'detached' });
});

test('10,000 lines a second do not hold the screen up: it answers between any two drawings', async () => {
  await list().focus();
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  // Frames that were drawn while the lines came; a frozen page draws none.
  await page.evaluate(() => {
    const seen = { frames: 0, over: false };
    Object.assign(window, { seen });
    const count = () => {
      seen.frames += 1;
      if (!seen.over) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  let frames = 0;
  for (let batch = 0; batch < 15; batch += 1) {
    logs().write(numbered(batch * 1000, batch * 1000 + 1000));
    await vi.waitFor(async () => {
      const now = await page.evaluate(() => (window as unknown as { seen: { frames: number } }).seen.frames);
      expect(now).toBeGreaterThan(frames);
      frames = now;
    }, soon);
  }
  await lines().filter({ hasText: 'step 14999' }).waitFor();
  expect(await lines().count()).toBeLessThan(80);
});

test('the page itself had no error', () => expect(faults).toEqual([]));
