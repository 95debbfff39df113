import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openBrowser } from '../support/browser.ts';
import { fullHour } from '../support/capacity-states.ts';
import { type FakeState, serveFakeWorkshop } from '../support/fake-workshop.ts';

/** Alerts and capacity in real Chromium, over the product's own services and a scripted workshop. */

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const soon = { timeout: 15_000, interval: 50 };
const LONG = 'x'.repeat(10_000);

let browser: Browser;
let context: BrowserContext;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
const faults: string[] = [];

beforeAll(async () => {
  served = await serveFakeWorkshop(fullHour(Date.now()));
  // It would speak after 3 s of this state: in some test, depending on how fast this machine is.
  await served.workshop.alerts.setRule({ rule: 'queue-deep', enabled: false, threshold: null });
  browser = await openBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
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
  served.workshop.show(fullHour(Date.now()));
  await vi.waitFor(() => expect(served.workshop.snapshot.alerts?.alerts.length).toBe(2), soon);
});

const calls = (verb: string) => served.workshop.calls.filter((call) => call.verb === verb);
const standing = () => page.getByRole('list', { name: 'Alerts that stand' });
const card = (title: string) => standing().getByRole('listitem').filter({ hasText: title });
const openAlerts = async () => {
  await page.getByRole('button', { name: /^Alerts: / }).click();
  await page.getByRole('dialog', { name: 'Alerts' }).waitFor();
};
const close = async () => {
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
};

test('before the click the Stage says whether one worker more fits, and does it all the same', async () => {
  await page.getByText('3 workers: up to about 84.6 of 80 GB, guard 70 GB').waitFor();
  await page.getByText('A third worker cuts the wait from about 18 to 11 min, but does not fit.').waitFor();
  await page.getByRole('button', { name: 'One worker more on gpu-1' }).click();
  await vi.waitFor(() => expect(calls('setCount').at(-1)?.input).toMatchObject({ workers: 3 }), soon);
});

test('an alert is snoozed, woken, and its click opens the failed jobs', async () => {
  await openAlerts();
  await card('Disk nearly full').getByRole('button', { name: 'Snooze: Disk nearly full' }).click();
  await page.getByRole('menuitem', { name: 'For 15 minutes' }).click();
  const snoozed = page.getByRole('list', { name: 'Snoozed alerts' });
  await snoozed.getByText('Disk nearly full').waitFor();
  await page.getByRole('button', { name: 'Alerts: 1 alert', includeHidden: true }).waitFor();
  await snoozed.getByRole('button', { name: 'Wake' }).click();
  await card('Disk nearly full').waitFor();
  await card('Failures in a row').getByRole('button', { name: 'Show them' }).click();
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
  await page.keyboard.press('1');
});

test('an alert about a machine opens the Hosts screen on it; a history that is not kept opens the Recap', async () => {
  served.workshop.historyState = {
    savedUntil: null,
    keeps: 'nothing',
    fault: { code: 'CONFIG', message: 'The disk of this computer is full.', retryable: true },
  };
  served.workshop.alerts.look();
  await openAlerts();
  await card('History is not kept')
    .getByText(/The disk of this computer is full/)
    .waitFor();
  await card('History is not kept').getByRole('button', { name: 'Open the Recap' }).click();
  await page.getByRole('main', { name: 'Recap' }).waitFor();
  served.workshop.historyState = { savedUntil: null, keeps: 'all', fault: null };
  await openAlerts();
  await card('Disk nearly full').getByRole('button', { name: 'Show the host' }).click();
  await page.getByRole('main', { name: 'Hosts' }).waitFor();
  expect(await page.evaluate(() => window.location.hash)).toBe('#/hosts?host=gpu-1');
  await page.keyboard.press('1');
});

test('a click on a notification of the system opens the panel of alerts', async () => {
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  served.workshop.alerts.ask();
  await page.getByRole('dialog', { name: 'Alerts' }).waitFor();
  await close();
  // A window that only opens now shows them too, and one that opens later does not.
  served.workshop.alerts.ask();
  const other = await context.newPage();
  await other.goto(served.link());
  await other.getByRole('dialog', { name: 'Alerts' }).waitFor();
  await other.close();
  await close();
});

test('a threshold, the sound and quiet are kept by main; what was stands in the history', async () => {
  await openAlerts();
  await page.getByRole('button', { name: 'Quiet for 30 minutes' }).click();
  await page.getByText(/^Nothing rings until/).waitFor();
  await page.getByRole('button', { name: 'Ring again' }).click();
  await page.getByRole('tab', { name: 'Rules' }).click();
  const disk = page.getByRole('textbox', { name: 'Disk nearly full: threshold in GB' });
  await disk.fill('5');
  await disk.press('Enter');
  await vi.waitFor(async () => {
    const rules = await served.workshop.alerts.rules();
    expect(rules.find(({ id }) => id === 'disk-low')?.threshold?.value).toBe(5);
  }, soon);
  await page.getByRole('switch', { name: 'Sound' }).press('Space');
  await vi.waitFor(() => expect(served.workshop.snapshot.alerts?.sound).toBe(false), soon);
  await page.getByRole('tab', { name: 'Earlier' }).click();
  await page
    .getByRole('list', { name: 'Earlier alerts' })
    .getByText(/^The disk with/)
    .first()
    .waitFor();
  await close();
  await served.workshop.alerts.setRule({ rule: 'disk-low', enabled: true, threshold: null });
});

test('an alert that rings while the window is open sounds, unless it is muted', async () => {
  await page.evaluate(() => {
    const win = window as unknown as { tones: number };
    win.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      win.tones += 1;
      start.call(this, at);
    };
  });
  const tones = () => page.evaluate(() => (window as unknown as { tones: number }).tones);
  /** Each is a thing that did not stand before: what comes back within two minutes does not ring anew. */
  const ring = async (text: RegExp, change: (state: FakeState) => void) => {
    const before = served.workshop.snapshot.alerts?.rang ?? 0;
    const state = fullHour(Date.now());
    change(state);
    served.workshop.show(state);
    await vi.waitFor(() => expect(served.workshop.snapshot.alerts?.rang).toBe(before + 1), soon);
    await page.getByText(text).first().waitFor();
  };
  await served.workshop.alerts.setChannels({ sound: false });
  await openAlerts();
  await ring(/^1 job could not be read/, ({ snapshot }) => {
    if (snapshot.counts) snapshot.counts.deadLetter = 1;
  });
  expect(await tones()).toBe(0);
  await served.workshop.alerts.setChannels({ sound: true });
  await ring(/^The queue has been held for/, ({ snapshot }) => {
    if (snapshot.control) snapshot.control.held = true;
  });
  await vi.waitFor(async () => expect(await tones()).toBeGreaterThan(0), soon);
  await close();
});

test('Capacity: a preset, people and guard lead to an advice and one click; the meter runs', async () => {
  await page.keyboard.press('4');
  await page.getByRole('main', { name: 'Capacity' }).waitFor();
  await page.getByText('Video', { exact: true }).click();
  await page.getByText(/^Advised: 1 worker, since the guide gives video/).waitFor();
  await page.getByRole('button', { name: 'Run 1 worker', exact: true }).click();
  await vi.waitFor(() => expect(calls('setCount').at(-1)?.input).toMatchObject({ workers: 1 }), soon);
  const guard = page.getByRole('textbox', { name: 'Guard' });
  await guard.fill('50');
  await guard.press('Enter');
  await page.getByText('The guard is 50 of 80 GB, set here.').waitFor();
  await page.getByRole('textbox', { name: 'Price an hour' }).fill('2.85');
  await page.getByRole('button', { name: 'Start the meter' }).click();
  await page.getByText('No end was entered.').waitFor();
  await page.getByRole('button', { name: 'Change…' }).click();
  await page.getByRole('button', { name: 'Switch the meter off' }).click();
  await page.getByRole('button', { name: 'Start the meter' }).waitFor();
  await page.keyboard.press('1');
});

test('hostile names are text, and the layout stays', async () => {
  const state = fullHour(Date.now());
  const gpu1 = state.snapshot.hosts['gpu-1'];
  if (gpu1?.status?.needs)
    gpu1.status.needs = [{ kind: '<img src=x onerror="hacked=1">', needMiB: 9000, runs: 1 }];
  for (const job of Object.values(state.snapshot.jobs)) {
    if (job.status === 'pending') job.kind = '<img src=x onerror="hacked=1">';
    if (job.status === 'failed') job.error = `<script>hacked=1</script>\u202e${LONG}`;
  }
  served.workshop.show(state);
  await page.keyboard.press('4');
  await page.getByRole('list', { name: 'Kinds of jobs' }).getByText('<img src=x').first().waitFor();
  await openAlerts();
  await card('Failures in a row').getByText('<script>hacked=1</script>').waitFor();
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(await wide()).toBeLessThanOrEqual(0);
  await close();
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  await page.keyboard.press('1');
});

test.each(['dark', 'light'])('axe finds nothing, %s', async (look) => {
  const own = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await own.addInitScript((value) => localStorage.setItem('workshop-console-look', value), look);
  const view = await own.newPage();
  await view.goto(served.link());
  await view.getByRole('main', { name: 'Stage' }).waitFor();
  const session = await own.newCDPSession(view);
  await session.send('Runtime.evaluate', { expression: axeSource });
  const findings = () =>
    view.evaluate(async () => {
      await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
      const { axe } = window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations.map(({ id, nodes }) => [id, nodes.slice(0, 3).map(({ html }) => html.slice(0, 160))]);
    });
  await view.keyboard.press('4');
  await view.getByRole('list', { name: 'What fits on gpu-1' }).waitFor();
  expect(await findings()).toEqual([]);
  await view.keyboard.press('a');
  for (const tab of ['Now', 'Rules', 'Earlier']) {
    await view.getByRole('tab', { name: tab }).click();
    await view.getByRole('tabpanel').waitFor();
    expect(await findings(), tab).toEqual([]);
  }
  await view.keyboard.press('Escape');
  await view.getByRole('dialog').waitFor({ state: 'detached' });
  const host = served.workshop.snapshot.hosts['gpu-1'];
  if (!host?.desired) throw new Error('nothing is wanted of gpu-1');
  served.workshop.push([{ kind: 'console', console: { name: 'Anna', usual: 'anna@laptop' } }]);
  const desired = {
    ...host.desired,
    revision: host.desired.revision + 1,
    by: `<b>Ben</b> ${LONG}`,
    workers: 4,
  };
  served.workshop.push([{ kind: 'host', host: { ...host, desired } }]);
  await view
    .getByRole('alert')
    .filter({ hasText: '<b>Ben</b>' })
    .getByText('4 workers wanted on gpu-1')
    .waitFor();
  await view.keyboard.press('1');
  await view.getByRole('button', { name: 'Recent' }).click();
  await view.getByText('This console is called Anna.').waitFor();
  expect(await findings(), 'own name').toEqual([]);
  await view.getByRole('button', { name: 'Change…' }).click();
  await view.getByRole('dialog', { name: 'Name of this console' }).waitFor();
  expect(await findings(), 'dialog').toEqual([]);
  await own.close();
});

test('the page itself had no error', () => {
  expect(faults).toEqual([]);
});
