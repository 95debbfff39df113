import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { freshRoom } from '../../src-main/domain/room/room-state.ts';
import { axeFindings, bringAxe } from '../support/axe.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { root } from '../support/run-step.ts';
import { job } from '../support/scenarios.ts';
import { stageStates } from '../support/stage-states.ts';

const pictures = resolve(root, 'test/artifacts/jobs');
const soon = { timeout: 15_000, interval: 50 };

let browser: Browser;
let served: Awaited<ReturnType<typeof serveFakeWorkshop>>;
let page: Page;

/** The busy workshop, in which seven people lack the same model file and one job is in the editor's format. */
function failing() {
  const now = Date.now();
  const state = stageStates.busy?.(now);
  if (!state) throw new Error('there is no busy state');
  const failed = (at: number, error: string) => {
    const one = job(9000 + at, 'failed', now, { id: `broke-${at}`, userId: `user10${at % 8}`, error });
    state.snapshot.jobs[one.id] = one;
  };
  for (let at = 0; at < 7; at += 1)
    failed(at, 'Node 4 (UNETLoader) needs "wan2.2.safetensors" as unet_name.');
  failed(7, 'The workflow is in the format of the ComfyUI editor: <script>window.hacked = 1</script>');
  return state;
}

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  served = await serveFakeWorkshop(failing());
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce' });
  await page.goto(served.link());
  await page.getByRole('main', { name: 'Stage' }).waitFor();
  await page.keyboard.press('2');
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
});
beforeEach(() => {
  served.workshop.show(failing());
  served.workshop.calls.length = 0;
});

const search = (text: string) => page.getByRole('textbox', { name: 'Search jobs' }).fill(text);
const shown = (count: number) =>
  page
    .getByRole('status')
    .filter({ hasText: new RegExp(`^${count} of `) })
    .waitFor();
const bulks = () => served.workshop.calls.filter(({ verb }) => verb === 'bulk').map(({ input }) => input);

test('a typed filter, failures by cause, and requeueing all that one step mends', async () => {
  await search('user:user103 failed');
  await shown(1);
  await search('cause:missing-model failed');
  const causes = page.getByRole('list', { name: 'Failures by cause' });
  const lacking = causes.getByRole('listitem').filter({ hasText: 'missing model: wan2.2.safetensors' });
  await lacking.getByText('7 people, 7 jobs').waitFor();
  await search('');
  await page.getByRole('button', { name: /^failed/ }).click();
  await causes.getByText('editor format').waitFor();
  await page.screenshot({ path: resolve(pictures, 'failures.png') });
  expect(await causes.getByRole('button', { name: /^Requeue .*editor format/ }).count()).toBe(0);
  await lacking.getByRole('button', { name: /^Show only/ }).click();
  await shown(7);
  await lacking.getByRole('button', { name: /^Requeue 7 jobs/ }).click();
  await page.getByText('7 jobs back in the queue.').waitFor();
  expect(bulks()).toEqual([
    { jobIds: expect.arrayContaining(['broke-0', 'broke-6']), act: { kind: 'requeue' } },
  ]);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  // Where it is mended is one press away, from the group and from the drawer of one job.
  expect(await causes.getByRole('button', { name: /to mend editor format/ }).count()).toBe(0);
  served.workshop.show(failing());
  await lacking.getByRole('button', { name: /^Open Hosts, to mend missing model/ }).click();
  await page.getByRole('main', { name: 'Hosts' }).waitFor();
  await page.keyboard.press('2');
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
  await search('broke-0');
  await page.locator('[data-job="broke-0"]').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Open Hosts' }).click();
  await page.getByRole('main', { name: 'Hosts' }).waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.keyboard.press('2');
  await page.getByRole('main', { name: 'Jobs' }).waitFor();
});

test('what can be typed is shown beside the search, by keys too, and an example is one press', async () => {
  await page.getByRole('button', { name: /^all/ }).click();
  await search('');
  await page.getByRole('textbox', { name: 'Search jobs' }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const help = page.getByRole('dialog', { name: 'What can be typed to find jobs' });
  await help.getByText('failed for one cause').waitFor();
  await page.screenshot({ path: resolve(pictures, 'filter-help.png') });
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await help.getByRole('button', { name: 'cause:missing-model' }).press('Enter');
  await help.waitFor({ state: 'detached' });
  expect(await page.getByRole('textbox', { name: 'Search jobs' }).inputValue()).toBe('cause:missing-model');
  await shown(7);
  await search('');
});

test('all that is shown is cancelled after asking, and taken back from the notice', async () => {
  const waiting = () =>
    Object.values(served.workshop.snapshot.jobs).filter(({ queue }) => queue === 'pending').length;
  const before = waiting();
  await page.getByRole('button', { name: /^all/ }).click();
  await search('waiting');
  await shown(before);
  await page.getByRole('button', { name: 'All shown…' }).click();
  await page.getByRole('menuitem', { name: /^Cancel \d+ waiting jobs…/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Cancel \d+ waiting/ })
    .click();
  await vi.waitFor(() => expect(waiting()).toBe(0), soon);
  await page
    .getByRole('alert')
    .filter({ hasText: 'cancelled' })
    .getByRole('button', { name: 'Undo' })
    .click();
  await vi.waitFor(() => expect(waiting()).toBe(before), soon);
});

test('rows are chosen by mouse and by keys; the acts say whose jobs they touch, and what is done is let go', async () => {
  await page.getByRole('button', { name: /^all/ }).click();
  await search('user10 failed');
  await shown(8);
  const rows = page.getByRole('grid', { name: 'Jobs' }).locator('[data-job]');
  const bar = page.getByRole('region', { name: 'Chosen jobs' });
  const says = (text: string) => bar.getByText(text, { exact: true }).waitFor();
  const before = await rows.first().boundingBox();
  await rows.nth(1).getByRole('checkbox').click();
  await says('1 job of 1 person chosen');
  await rows.nth(4).click({ modifiers: ['Shift'] });
  await says('4 jobs of 4 people chosen');
  await rows.nth(2).click({ modifiers: ['Shift'] });
  await says('2 jobs of 2 people chosen');
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect((await rows.first().boundingBox())?.y).toBe(before?.y);
  expect(await page.getByRole('checkbox', { name: 'Choose all shown' }).isChecked()).toBe(false);

  // By keys: Escape lets go, Space chooses, Shift with an arrow extends, Control+A takes all that are shown.
  await rows.nth(0).focus();
  await page.keyboard.press('Escape');
  await bar.waitFor({ state: 'detached' });
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await says('3 jobs of 3 people chosen');
  await page.keyboard.press('Shift+ArrowUp');
  await says('2 jobs of 2 people chosen');
  const two = await rows.evaluateAll((all) =>
    all.filter((row) => row.ariaSelected === 'true').map((row) => row.getAttribute('data-job')),
  );
  expect(two).toHaveLength(2);
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.screenshot({ path: resolve(pictures, 'chosen.png') });

  // The filter may hide what is chosen; it is said, and stays chosen.
  await search('waiting');
  await says('2 jobs of 2 people chosen, 2 of them not shown');
  await page.keyboard.press('Tab');
  await rows.first().focus();
  await page.keyboard.press('ControlOrMeta+a');
  const waiting = Object.values(served.workshop.snapshot.jobs).filter(({ queue }) => queue === 'pending');
  await bar.getByRole('button', { name: /^Cancel \d+ waiting/ }).click();
  await page
    .getByRole('dialog')
    .getByText(/^They belong to user\d+/)
    .waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  await bar.getByRole('button', { name: 'Priority' }).click();
  await page.getByRole('menuitem', { name: 'Instructor: to the front' }).click();
  const raised = waiting.filter(({ priority }) => priority !== 0).map(({ id }) => id);
  await page.getByText(`${raised.length} jobs now at instructor priority.`).waitFor();
  expect(bulks()).toEqual([
    { jobIds: expect.arrayContaining(raised), act: { kind: 'prioritise', priority: 0 } },
  ]);

  await page.screenshot({ path: resolve(pictures, 'chosen-done.png') });
  const had = new Map(waiting.map(({ id, priority }) => [id, priority]));
  await page
    .getByRole('alert')
    .filter({ hasText: 'now at instructor priority' })
    .getByRole('button', { name: 'Undo' })
    .click();
  await page.getByText(`${raised.length} jobs back at the old priority.`).waitFor();
  const now = () => served.workshop.snapshot.jobs;
  expect(raised.filter((id) => now()[id]?.priority !== had.get(id))).toEqual([]);

  // One was deleted meanwhile: it is named, and the act goes on without it.
  served.workshop.push([{ kind: 'jobs', upsert: [], remove: [two[0] ?? ''] }]);
  await bar.getByText(/1 more is gone from Redis/).waitFor();
  await bar.getByRole('button', { name: 'Requeue 1' }).click();
  await vi.waitFor(
    () => expect(bulks().at(-1)).toEqual({ jobIds: [two[1]], act: { kind: 'requeue' } }),
    soon,
  );
  await bar.getByRole('button', { name: 'Choose none' }).click();
  await bar.waitFor({ state: 'detached' });
});

test('a ready view shows what it says; a saved one too, with a hostile name, and its panel has nothing that axe finds', async () => {
  const views = (name: string | RegExp = 'Views') => page.getByRole('button', { name });
  await page.getByRole('button', { name: /^all/ }).click();
  await search('');
  await views().click();
  await page.getByRole('menuitemradio', { name: 'Stopped by a missing model' }).click();
  expect(await page.getByRole('textbox', { name: 'Search jobs' }).inputValue()).toBe('cause:missing-model');
  await views('Views: Stopped by a missing model').click();
  await page.screenshot({ path: resolve(pictures, 'views-menu.png') });
  await page.getByRole('menuitem', { name: 'Save and manage views…' }).click();
  const panel = page.getByRole('dialog', { name: 'Views of the jobs' });
  await panel.getByText('Now shown: failed jobs matching “cause:missing-model”, by user.').waitFor();
  await panel.getByLabel('Name of the view').fill('<script>a</script>');
  await panel.getByRole('button', { name: 'Save the view' }).click();
  await panel.waitFor({ state: 'detached' });
  await views('Views: <script>a</script>').click();
  await page.getByRole('menuitem', { name: 'Save and manage views…' }).click();
  await panel.getByRole('list', { name: 'Saved views' }).waitFor();
  await page.screenshot({ path: resolve(pictures, 'views-panel.png') });
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
});

test('the palette opens the jobs of a person, holds them and releases them, by keys alone', async () => {
  const userId = Object.values(served.workshop.snapshot.jobs).find(
    ({ queue }) => queue === 'pending',
  )?.userId;
  const take = async (label: string) => {
    await page.keyboard.press('ControlOrMeta+k');
    const field = page.getByRole('textbox', { name: 'Find an action' });
    await field.fill(label);
    await page.locator('.mantine-Spotlight-action').filter({ hasText: label }).first().waitFor();
    await page.keyboard.press('Enter');
    await field.waitFor({ state: 'detached' });
  };
  const holds = () => served.workshop.calls.filter(({ verb }) => verb === 'hold').map(({ input }) => input);
  await take(`Jobs of ${userId}`);
  await vi.waitFor(
    async () =>
      expect(await page.getByRole('textbox', { name: 'Search jobs' }).inputValue()).toBe(`user:${userId}`),
    soon,
  );
  await take(`Hold ${userId}`);
  await vi.waitFor(() => expect(holds()).toEqual([{ userId, held: true }]), soon);
  await take(`Release ${userId}`);
  await vi.waitFor(() => expect(holds().at(-1)).toEqual({ userId, held: false }), soon);
});

test('a job that is cancelled in its drawer says so there, whose it was, and is taken back from there', async () => {
  await page.getByRole('button', { name: /^all/ }).click();
  await search('waiting');
  const waiting = Object.values(served.workshop.snapshot.jobs).filter(({ queue }) => queue === 'pending');
  await shown(waiting.length);
  const one = page.getByRole('grid', { name: 'Jobs' }).locator('[data-job]').first();
  const id = (await one.getAttribute('data-job')) ?? '';
  const userId = served.workshop.snapshot.jobs[id]?.userId ?? '';
  await one.getByText(userId).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('button', { name: 'Cancel', exact: true }).click();
  await drawer.getByText('It can be taken back into its old place for 14 min.').waitFor();
  expect(await drawer.textContent()).toContain(userId);
  await page.screenshot({ path: resolve(pictures, 'drawer-cancelled.png') });
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await drawer.getByRole('button', { name: 'Take back' }).click();
  await drawer.getByRole('button', { name: 'Cancel', exact: true }).waitFor();
  expect(served.workshop.snapshot.jobs[id]?.queue).toBe('pending');
  // What the platform itself deleted is gone for good, and the drawer offers nothing.
  served.workshop.push([{ kind: 'jobs', upsert: [], remove: [id] }]);
  served.workshop.forget(id);
  await drawer.getByText('it was deleted and cannot be taken back').waitFor();
  expect(await drawer.getByRole('button', { name: 'Take back' }).count()).toBe(0);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
});

test('lists that end before the jobs do say so on chips, foot and failures; an older job is found by its whole id', async () => {
  const { workshop } = served;
  const now = Date.now();
  const state = failing();
  const { counts } = state.snapshot;
  if (!counts) throw new Error('the busy state has counts');
  Object.assign(counts, { completed: 5300, failed: 1200 });
  const listed = Object.values(state.snapshot.jobs);
  const done = listed.filter(({ queue }) => queue === 'completed').length;
  const old = job(8000, 'completed', now - 9 * 3_600_000, { id: '2f0c9c1e-0000-4000-8000-00000000abcd' });
  workshop.unlisted.set(old.id, old);
  workshop.show(state);
  await page.getByRole('button', { name: /^all/ }).click();
  await search('');
  await page.getByRole('button', { name: `done ${done} of 5,300`, exact: true }).waitFor();
  await page
    .getByRole('status')
    .filter({ hasText: `latest ${done} of 5,300 done` })
    .waitFor();
  await page.screenshot({ path: resolve(pictures, 'short-lists.png') });
  await search('user:user001');
  await page.getByRole('button', { name: /^done \d+\+$/ }).waitFor();
  await search('cause:missing-model failed');
  await page
    .getByRole('list', { name: 'Failures by cause' })
    .getByText(/at least 7 people, 7 jobs/)
    .waitFor();
  await search('of this morning');
  await page.getByText(`Only the latest ${done} of 5,300 done,`).waitFor();
  await page.getByRole('button', { name: 'Open the Recap' }).waitFor();
  await search(old.id);
  await page.getByText(`${old.userId} · ${old.kind}, done: no list reaches it`).waitFor();
  await page.screenshot({ path: resolve(pictures, 'found-by-id.png') });
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Open this job' }).click();
  const drawer = page.getByRole('dialog', { name: `${old.userId} · ${old.kind}` });
  await drawer.getByText('not among the jobs shown').waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await search('00000000-0000-4000-8000-000000000000');
  await page.getByText('Redis holds no job of this id either.').waitFor();
  await search('');

  // People: what each has done today is at least that, GPU time too.
  await page.keyboard.press('Escape');
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'People' }).click();
  await page.getByText(/^Done, failed and GPU time count from \d\d:\d\d on/).waitFor();
  await page.getByTitle('At least: the list does not reach back to this morning').nth(2).waitFor();
  await page.screenshot({ path: resolve(pictures, 'short-people.png') });
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Jobs' }).click();
});

test('somebody says "I am Lynx": jobs, drawer, Stage and filter know who that is, beside the id', async () => {
  const { workshop } = served;
  const runs = Object.values(workshop.snapshot.jobs).find(({ status }) => status === 'running');
  const next = Object.values(workshop.snapshot.jobs)
    .filter(({ queue }) => queue === 'pending')
    .sort((a, b) => (a.score ?? 0) - (b.score ?? 0))[0];
  if (!runs || !next) throw new Error('somebody runs and somebody waits');
  const nicknames = { [runs.userId]: 'Lynx', [next.userId]: 'Ada <b>Lovelace</b>, rather long' };
  const room = { ...freshRoom(), nicknames };
  const before = workshop.snapshot.room ?? null;
  await page.getByRole('button', { name: /^all/ }).click();
  await search('');
  workshop.push([{ kind: 'room', room }]);
  await search('user:lynx running');
  await shown(1);
  const row = page.locator(`[data-job="${runs.id}"]`);
  await row.getByTitle(`Lynx · ${runs.userId}`).waitFor();
  await row.getByTitle(`Lynx · ${runs.userId}`).click();
  await page.getByRole('dialog', { name: `Lynx (${runs.userId})` }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await search('');
  await page.screenshot({ path: resolve(pictures, 'nicknames.png') });
  await page.keyboard.press('Escape');
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Stage' }).click();
  await page.getByRole('article').getByTitle(`Lynx · ${runs.userId}`).waitFor();
  const first = page.getByRole('region', { name: 'Next up' }).getByRole('listitem').first();
  await first.getByTitle(`Ada <b>Lovelace</b>, rather long · ${next.userId}`).waitFor();
  const named = (await first.boundingBox())?.height;
  await page.screenshot({ path: resolve(pictures, 'nicknames-stage.png') });
  workshop.push([{ kind: 'room', room: { ...freshRoom(), nicknames: {} } }]);
  await first.getByText(next.userId).waitFor();
  expect((await first.boundingBox())?.height).toBe(named);
  workshop.push([{ kind: 'room', room: before }]);
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Jobs' }).click();
});

test('all that is shown: its menu has nothing that axe finds', async () => {
  await page.getByRole('button', { name: /^all/ }).click();
  await search('');
  await page.getByRole('button', { name: 'All shown…' }).click();
  await page.getByRole('menuitem', { name: /^Cancel \d+ waiting jobs…/ }).waitFor();
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
});

test('the drawer of a job: when, why, what it was, what it made', async () => {
  const { workshop } = served;
  workshop.details.set('broke-0', {
    ...{ error: 'Node 4 (UNETLoader) needs "wan2.2.safetensors" as unet_name.', attempt: 2, hostId: 'gpu-1' },
    ...{ givenBack: 'ComfyUI was restarted.', nodeTypes: ['UNETLoader', 'KSampler'], moreOutputs: 0 },
    ...{ models: ['wan2.2.safetensors'], sizes: ['width=1024'], warnings: [], executionSeconds: null },
    outputs: [{ name: 'cat_00001_.png', media: 'image', nodeId: '9', temporary: false }],
    outputsFrom: { kind: 'there', label: 'the VPS (/home/dev/comfyume-v1/data/outputs)', machineId: 'vps' },
  });
  workshop.prompts.set('broke-0', [
    {
      nodeId: '6',
      nodeType: 'CLIPTextEncode',
      input: 'text',
      text: '<script>window.hacked = 1</script> a cat',
    },
  ]);
  const pixel =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  workshop.previews.set('broke-0/0', { kind: 'image', mime: 'image/png', base64: pixel, bytes: 70 });
  await page.getByRole('button', { name: /^all/ }).click();
  await search('failed cause:missing-model');
  await shown(7);
  await page.getByRole('row').filter({ hasText: 'user100' }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('region', { name: 'Why it failed' }).getByText('missing model').waitFor();
  await drawer.getByText('ComfyUI was restarted.').waitFor();
  await drawer.getByText('Fetched from the VPS (/home/dev/comfyume-v1/data/outputs) when').waitFor();
  await drawer.getByRole('button', { name: 'Show cat_00001_.png' }).click();
  await drawer.getByRole('img', { name: 'cat_00001_.png' }).waitFor();
  // While the way there does not stand, that is said, with what mends it.
  const since = Date.now() - 65_000;
  const link = {
    ...{ kind: 'lost' as const, since, retryAt: Date.now() + 20_000, code: 'HOST_SILENT' },
    ...{ why: 'it does not answer at 203.0.113.7:22.', remedy: 'Check that it runs.' },
  };
  const vps = { id: 'vps', role: 'vps', name: 'the VPS', address: 'dev@203.0.113.7', link } as const;
  workshop.push([{ kind: 'machines', machines: [vps] }]);
  await drawer.getByText('which cannot be reached now.').waitFor();
  await drawer.getByText(/^The VPS \(dev@203\.0\.113\.7\) is lost since .* Check that it runs\.$/).waitFor();
  await drawer.getByRole('button', { name: 'Try again now' }).waitFor();
  await page.screenshot({ path: resolve(pictures, 'drawer-vps-lost.png') });
  workshop.push([{ kind: 'machines', machines: [] }]);
  await drawer.getByText('Fetched from the VPS').waitFor();
  expect(workshop.calls.some(({ verb }) => verb === 'prompts')).toBe(false);
  await drawer.getByText('What the participant wrote').click();
  await drawer.getByText('<script>window.hacked = 1</script> a cat').waitFor();
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.screenshot({ path: resolve(pictures, 'drawer.png') });
  // To the neighbour and back without leaving the drawer.
  await page.keyboard.press('Alt+ArrowDown');
  await vi.waitFor(async () => expect(await drawer.textContent()).not.toContain('user100 ·'), soon);
  await page.keyboard.press('Alt+ArrowUp');
  await drawer.getByText('ComfyUI was restarted.').waitFor();
  await drawer.getByRole('button', { name: /^Requeue/ }).click();
  await vi.waitFor(
    () => expect(workshop.calls.find(({ verb }) => verb === 'requeue')?.input).toEqual({ jobId: 'broke-0' }),
    soon,
  );
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-job'));
  await vi.waitFor(async () => expect(await focused()).toBe('broke-0'), soon);
  // What was requeued is taken out again, as long as it only waits.
  const notice = page.getByRole('alert').filter({ hasText: "user100's job waits again." });
  await notice.getByRole('button', { name: 'Undo' }).click();
  await page.getByText("user100's job is cancelled again.").waitFor();
  expect(bulks()).toEqual([{ jobIds: ['broke-0'], act: { kind: 'cancel' } }]);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
});

test('the drawer of a running job tells live how far it is, and says when that is old; a waiting one is moved from there', async () => {
  const { workshop } = served;
  const host = workshop.snapshot.hosts['gpu-1'];
  if (!host?.live) throw new Error('the busy workshop has a host that reports');
  const { live } = host;
  // Stays young for a minute, however slow this machine is.
  const tell = (change: object, ago = -60_000) =>
    workshop.push([
      {
        kind: 'host',
        host: {
          ...host,
          heardAt: Date.now() - ago,
          live: {
            ...live,
            at: Date.now() + (workshop.snapshot.clockOffsetMs ?? 0) - ago,
            progress: live.progress.map((one) => (one.jobId === 'job-run-1' ? { ...one, ...change } : one)),
          },
        },
      },
    ]);
  await page.getByRole('button', { name: /^all/ }).click();
  await search('job-run-1');
  await shown(1);
  await page.locator('[data-job="job-run-1"]').click();
  const drawer = page.getByRole('dialog');
  const progress = drawer.getByRole('region', { name: 'Progress' });
  tell({});
  await progress.getByText(/^61 % · KSampler · step 13 of 21 · runs \d+:\d\d · about .* left$/).waitFor();
  await page.screenshot({ path: resolve(pictures, 'drawer-running.png') });
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await page.keyboard.press('l');
  await page.locator('[data-job="job-run-1"]').click();
  tell({ step: 20, fraction: 0.95, node: '<script>window.hacked = 1</script>' });
  await progress.getByText(/^95 % · <script>.* · step 20 of 21/).waitFor();
  const bar = progress.getByRole('progressbar', { name: 'Progress of this job' });
  expect(await bar.getAttribute('aria-valuenow')).toBe('95');
  await page.screenshot({ path: resolve(pictures, 'drawer-running-light.png') });
  await bringAxe(page);
  expect(await axeFindings(page)).toEqual([]);
  await page.keyboard.press('l');
  // The agent is silent: what is shown says how old it is, and nothing is foretold.
  tell({}, 30_000);
  await progress.getByText(/^61 % · KSampler · step 13 of 21 · as of \d+ s ago$/).waitFor();
  await drawer.getByRole('button', { name: 'Interrupt…' }).waitFor();
  expect(await drawer.getByRole('button', { name: 'Priority' }).count()).toBe(0);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });

  // A waiting one: the same acts as in the menu of its row, by keys.
  await search('job-w-2');
  await shown(1);
  await page.locator('[data-job="job-w-2"]').click();
  await drawer.getByRole('button', { name: 'Priority' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'To the front' }).waitFor();
  await page.screenshot({ path: resolve(pictures, 'drawer-waiting.png') });
  await page.getByRole('menuitem', { name: 'To the front' }).press('Enter');
  await vi.waitFor(
    () =>
      expect(workshop.calls.filter(({ verb }) => verb === 'prioritise').map(({ input }) => input)).toEqual([
        { jobId: 'job-w-2', priority: 0 },
      ]),
    soon,
  );
  await drawer.getByText('instructor', { exact: true }).waitFor();
  await drawer.getByRole('button', { name: 'Copy job id' }).click();
  await page.getByText(/^The job id is /).waitFor();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });

  // One that stands in no queue is put back from its drawer; one that is done says what it took where.
  const astray = job(8100, 'pending', Date.now(), { id: 'stands-nowhere', queue: null });
  const done = job(8101, 'completed', Date.now(), { id: 'took-its-time' });
  workshop.details.set('took-its-time', {
    ...{ error: null, attempt: 1, hostId: 'gpu-1', givenBack: null, nodeTypes: [], models: [], sizes: [] },
    ...{ warnings: [], outputs: [], moreOutputs: 0, executionSeconds: 41.5 },
    outputsFrom: { kind: 'no-way', why: '', remedy: '' },
  });
  workshop.push([{ kind: 'jobs', upsert: [astray, done], remove: [] }]);
  await search('stands-nowhere');
  await shown(1);
  await page.locator('[data-job="stands-nowhere"]').click();
  await drawer.getByRole('button', { name: 'Requeue' }).click();
  await vi.waitFor(
    () =>
      expect(workshop.calls.find(({ verb }) => verb === 'requeue')?.input).toEqual({
        jobId: 'stands-nowhere',
      }),
    soon,
  );
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await search('took-its-time');
  await shown(1);
  await page.locator('[data-job="took-its-time"]').click();
  const times = drawer.locator('dl[aria-label="What happened when"]');
  await times.getByText('In ComfyUI').waitFor();
  const words = await times.locator('div').allTextContents();
  for (const word of [/^Waited\d+:\d\d$/, /^Ran\d+:\d\d$/, /^In ComfyUI0:4\d$/, /^Total\d+:\d\d$/])
    expect(
      words.some((one) => word.test(one)),
      `${word} in ${words.join()}`,
    ).toBe(true);
  await page.screenshot({ path: resolve(pictures, 'drawer-done.png') });
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await search('');
});
