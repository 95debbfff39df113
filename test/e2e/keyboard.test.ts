import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { freshRoom } from '../../src-main/domain/room/room-state.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { stageStates } from '../support/stage-states.ts';

let browser: Browser;
let page: Page;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;

const many = (now: number) => {
  const state = stageStates['many-jobs']?.(now);
  if (!state) throw new Error('there is no such state');
  // Nobody speaks for the agent here; it must not count as silent on a slow machine.
  for (const { status } of Object.values(state.snapshot.hosts)) if (status) status.nextWithinMs = 3_600_000;
  return state;
};

beforeAll(async () => {
  served = await serveFakeWorkshop(many(Date.now()));
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' });
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  served.workshop.push([{ kind: 'room', room: freshRoom() }]);
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

test('10,000 jobs are chosen by one key, the waiting among them moved by keys alone and moved back', async () => {
  await page.keyboard.press('ControlOrMeta+a');
  const bar = page.getByRole('region', { name: 'Chosen jobs' });
  await bar.getByText(/^10,?000 jobs of 40 people chosen$/).waitFor();
  const waiting = Object.values(served.workshop.snapshot.jobs).filter(({ queue }) => queue === 'pending');
  const moved = waiting.filter(({ priority }) => priority !== 3);
  const had = new Map(moved.map(({ id, priority }) => [id, priority]));
  await bar.getByRole('button', { name: 'Priority' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Low', exact: true }).press('Enter');
  await vi.waitFor(() => expect(calls('bulk')).toHaveLength(1), soon);
  const [call] = calls('bulk');
  expect(call?.input).toEqual({
    jobIds: expect.toSatisfy((ids: string[]) => ids.length === moved.length),
    act: { kind: 'prioritise', priority: 3 },
  });
  const notice = page.getByRole('alert').filter({ hasText: 'now at low priority' });
  await notice.getByRole('button', { name: 'Undo' }).press('Enter');
  await page.getByText(/jobs back at the old priority/).waitFor();
  const { jobs } = served.workshop.snapshot;
  expect(moved.filter(({ id }) => jobs[id]?.priority !== had.get(id))).toEqual([]);
  served.workshop.calls.length = 0;
  const row = page.getByRole('grid', { name: 'Jobs' }).locator('[data-job]').nth(1);
  await row.focus();
  await page.keyboard.press('Escape');
  await bar.waitFor({ state: 'detached' });
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

test('the main path of a day goes by keys alone: plan, start, say, hold, mend, look back', async () => {
  const press = (key: string) => page.keyboard.press(key);
  /** Opens the palette, types, waits for the entry and takes it. */
  const act = async (typed: string, label: string) => {
    await press('Control+k');
    await page.getByLabel('Find an action').fill(typed);
    await page.getByRole('dialog').getByText(label, { exact: true }).waitFor();
    await press('Enter');
    await page.getByLabel('Find an action').waitFor({ state: 'detached' });
  };
  const called = (verb: string, input: object) =>
    vi.waitFor(() => expect(calls(verb).at(-1)?.input).toMatchObject(input), soon);
  /** Tab by Tab, as a person without a mouse goes; too far away counts as not reachable. */
  const tabTo = async (name: RegExp) => {
    for (let steps = 0; steps < 60; steps += 1) {
      const at = await page.evaluate(() => {
        const { activeElement: one } = document;
        const label = one instanceof HTMLInputElement ? one.labels?.[0]?.textContent : undefined;
        return label ?? one?.getAttribute('aria-label') ?? one?.textContent ?? '';
      });
      if (name.test(at)) return;
      await press('Tab');
    }
    throw new Error(`Tab does not lead to ${name}`);
  };

  await page.reload();
  await page.getByRole('main').waitFor();
  await press('Tab');
  expect(await focusedText()).toMatch(/^Skip to /);
  await press('4');
  await page.getByRole('main', { name: 'Capacity' }).waitFor();
  await act('with video', 'Plan: a workshop with video');
  await page.getByText(/^Advised: 1 worker/).waitFor();
  await act('advised', 'Run the advised number of workers: 1');
  await called('setCount', { workers: 1 });

  await press('1');
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  await tabTo(/^One worker more on gpu-1$/);
  await press('Enter');
  await called('setCount', { workers: 2 });
  await tabTo(/^(Hold|Release) queue$/);
  const held = served.workshop.snapshot.control?.held ?? false;
  await press('Space');
  await called('holdQueue', { held: !held });

  await press('Shift+P');
  await page.getByLabel('Message for the room').waitFor();
  await tabTo(/^Message for the room$/);
  await page.keyboard.type('Back at 15:00');
  await press('Enter');
  await vi.waitFor(() => expect(served.workshop.snapshot.room?.message).toBe('Back at 15:00'), soon);
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await press('a');
  await page.getByRole('dialog', { name: 'Alerts' }).waitFor();
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await act('failed', 'Failed jobs');
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
  await page.getByRole('grid', { name: 'Jobs' }).locator('[data-job]').first().waitFor();
  for (let steps = 0; steps < 30 && !(await focusedJob()); steps += 1) await press('Tab');
  expect(await focusedJob()).toBeTruthy();
  await press('5');
  await page.getByRole('main', { name: 'Recap' }).waitFor();
  await press('?');
  await page.getByRole('dialog', { name: 'Keys' }).getByText('Show the alerts').waitFor();
  await press('Escape');
});

test('people, the room view, a failed job and the drain go by keys alone', async () => {
  const press = (key: string) => page.keyboard.press(key);
  const at = (attribute: string) =>
    page.evaluate((name) => document.activeElement?.getAttribute(name) ?? '', attribute);
  const tabTo = async (attribute: string, value: RegExp) => {
    for (let steps = 0; steps < 60 && !value.test(await at(attribute)); steps += 1) await press('Tab');
    expect(await at(attribute)).toMatch(value);
  };
  const act = async (label: string) => {
    await press('Control+k');
    await page.getByLabel('Find an action').fill(label);
    await page.getByRole('dialog').getByText(label, { exact: true }).waitFor();
    await press('Enter');
    await page.getByLabel('Find an action').waitFor({ state: 'detached' });
  };
  const called = (verb: string, input: object) =>
    vi.waitFor(() => expect(calls(verb).at(-1)?.input).toMatchObject(input), soon);

  await page.reload();
  await page.getByRole('main').waitFor();
  await press('3');
  await page.getByRole('grid', { name: 'People' }).locator('[data-person]').first().waitFor();
  await tabTo('data-person', /./);
  const userId = await at('data-person');
  await tabTo('aria-label', /^Next turn to /);
  await press('Enter');
  await called('nextTurn', { userId });
  await tabTo('aria-label', /^Hold /);
  await press('Enter');
  await called('hold', { userId, held: true });

  const [room] = await Promise.all([page.context().waitForEvent('page'), press('p')]);
  await room.waitForURL(/\/room/);
  await room.close();
  await page.bringToFront();

  await act('Failed jobs');
  // The rows of before must have gone, or the focus goes with them.
  await page
    .getByRole('grid', { name: 'Jobs' })
    .locator('[data-job]')
    .first()
    .filter({ hasText: 'failed' })
    .waitFor();
  await tabTo('data-job', /./);
  const jobId = await at('data-job');
  await press('Enter');
  await page.getByRole('menuitem', { name: 'Requeue' }).waitFor();
  for (let steps = 0; steps < 6 && (await focusedText()) !== 'Requeue'; steps += 1) await press('ArrowUp');
  await press('Enter');
  await called('requeue', { jobId });
  await act('Drain all workers');
  await called('drain', { workerIds: [] });
});

test('a screen reader hears on any screen that jobs failed, and that the link is lost and back', async () => {
  await page.keyboard.press('2');
  const { snapshot, histories } = many(Date.now());
  const told = (words: string) =>
    page
      .getByRole('status')
      .getByText(words)
      .or(page.getByRole('status').filter({ hasText: words }));
  const known = served.workshop.snapshot.counts;
  const ready = snapshot.links.redis;
  snapshot.counts = known && { ...known, failed: known.failed + 2 };
  served.workshop.show({ snapshot, histories });
  await told('2 jobs failed.').first().waitFor({ state: 'attached' });
  snapshot.links.redis = {
    ...{ kind: 'lost', since: Date.now(), code: 'REDIS_UNREACHABLE', why: 'Redis does not answer.' },
    ...{ remedy: 'Look whether the VPS runs.', retryAt: Date.now() + 6000 },
  };
  served.workshop.show({ snapshot, histories });
  await told('The link to Redis is lost').first().waitFor({ state: 'attached' });
  snapshot.links.redis = ready;
  served.workshop.show({ snapshot, histories });
  await told('The link to Redis is back.').first().waitFor({ state: 'attached' });
});
