import type { Page } from 'playwright-core';
import { expect, vi } from 'vitest';
import type { DemoWorkshop } from '../../resources/demo/demo-workshop.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { StagePage } from './stage-page.ts';

/** The workshop that the scenario begins with. */
export const SCENARIO = { workers: 1, maxWorkers: 3, users: 16, speed: 6, seed: 4, oomRate: 0 } as const;

/** How long the Stage may take to say that Redis is lost, ms (a promise to the host, not a matter of speed). */
const LOST_WITHIN_MS = 3000;
const USUAL = { timeout: 30_000, interval: 100 };
const PATIENT = { timeout: 90_000, interval: 200 };

/**
 * A host's session from the first look to the last audit, on a workshop that was just started with SCENARIO.
 * @param name prefix of the pictures.
 */
export async function runWorkshopScenario(page: Page, workshop: DemoWorkshop, name: string): Promise<void> {
  const stage = new StagePage(page, workshop.hostId);
  const redis = workshop.redis.client();
  const shows = (locator: { waitFor(options: object): Promise<void> }, timeout = 60_000) =>
    locator.waitFor({ state: 'visible', timeout });
  const statusOf = async (id: string) =>
    /"status":"(\w+)","priority"/.exec((await redis.get(keys.job(id))) ?? '')?.[1];

  // A first look: who runs, who waits, what the card holds.
  await shows(stage.worker('worker-1', 'busy'));
  expect(await stage.workshopName.textContent()).toBe('Demo workshop');
  await shows(stage.panel(/GPU 0 · NVIDIA H100/));
  await vi.waitFor(async () => expect(await stage.vramGigabytes('worker-1')).toBeGreaterThan(2), USUAL);
  await vi.waitFor(async () => expect(await stage.count('waiting')).toBeGreaterThan(0), USUAL);
  expect(await stage.panel('Next up').getByRole('listitem').count()).toBeGreaterThan(0);
  await stage.picture(`${name}-1-first-look`);

  // 1 → 3 by two clicks; the way is shown until wanted and observed meet.
  await stage.oneWorkerMore();
  await stage.oneWorkerMore();
  await shows(stage.stepper.getByText('1 → 3'));
  await shows(stage.worker('worker-2', 'busy'));
  await shows(stage.worker('worker-3', 'busy'));
  await stage.stepper.getByText('→').waitFor({ state: 'hidden' });
  await vi.waitFor(async () => expect(await stage.vramGigabytes('worker-3')).toBeGreaterThan(1), USUAL);
  await stage.picture(`${name}-2-three-workers`);

  // Drain one: it finishes, takes no more, and works again when resumed.
  await stage.drainMenu('Drain worker-2');
  await shows(stage.worker('worker-2', 'drained'));
  await shows(stage.worker('worker-1', 'busy'));
  await stage.picture(`${name}-3-drained`);
  await stage.drainMenu('Resume worker-2');
  await shows(stage.worker('worker-2', 'busy'));

  // Hold the queue: running jobs go on, nothing starts.
  await stage.press('Hold queue');
  await vi.waitFor(async () => expect(await stage.headline.textContent()).toBe('The queue is held.'), USUAL);
  for (const worker of ['worker-1', 'worker-2', 'worker-3']) await shows(stage.worker(worker, 'idle'));
  await vi.waitFor(async () => expect(await stage.count('running')).toBe(0), USUAL);
  await vi.waitFor(async () => expect(await stage.count('waiting')).toBeGreaterThan(0), USUAL);
  expect(await redis.zcard(keys.running)).toBe(0);

  // While held: cancel a waiting job, move another to the front.
  const unwanted = await workshop.submit({ userId: 'user901', workflow: imageOf(901, 1), priority: 3 });
  const urgent = await workshop.submit({ userId: 'user902', workflow: imageOf(902, 60), priority: 3 });
  await stage.open('Jobs');
  await stage.searchJobs('user901');
  await shows(stage.jobRow('user901').filter({ hasText: 'waiting' }));
  await stage.jobMenu('user901', 'Cancel');
  await shows(stage.notice("user901's waiting job is cancelled."));
  await vi.waitFor(async () => expect(await redis.zscore(keys.pending, unwanted)).toBeNull(), USUAL);
  await stage.searchJobs('user902');
  await stage.jobMenu('user902', 'To the front');
  await shows(stage.jobRow('user902').filter({ hasText: 'instructor' }));
  expect((await redis.zrange(keys.pending, '0', '0'))[0]).toBe(urgent);
  await stage.picture(`${name}-4-jobs`);
  await stage.open('Stage');
  await shows(stage.panel('Next up').getByRole('listitem').first().filter({ hasText: 'user902' }));
  await stage.picture(`${name}-5-held`);

  // Release: the moved job starts at once, and the host interrupts it.
  await stage.press('Release queue');
  await vi.waitFor(async () => expect(await statusOf(urgent)).toBe('running'), USUAL);
  await stage.open('Jobs');
  await stage.searchJobs('user902');
  await shows(stage.jobRow('user902').filter({ hasText: 'running' }));
  await stage.jobMenu('user902', 'Interrupt…');
  await stage.picture(`${name}-6-interrupt`);
  await page.getByRole('dialog').getByRole('button', { name: "Interrupt user902's job" }).click();
  await shows(stage.jobRow('user902').filter({ hasText: 'cancelled' }));
  await vi.waitFor(async () => expect(await redis.zscore(keys.running, urgent)).toBeNull(), USUAL);
  expect(await statusOf(urgent)).toBe('cancelled');
  await stage.open('Stage');
  await shows(stage.worker('worker-1', 'busy'));

  // Redis dies: the Stage says so, and keeps what it knew with its age.
  const done = (await stage.count('done')) ?? 0;
  await workshop.redis.kill();
  await stage.headline.filter({ hasText: 'is lost since' }).waitFor({ timeout: LOST_WITHIN_MS });
  await shows(stage.linkChip('Redis').filter({ hasText: 'lost' }));
  await shows(stage.panel('Queue').getByText(/\d+ s ago/));
  expect(await stage.count('done')).toBeGreaterThanOrEqual(done);
  expect(await stage.count('waiting')).toBeDefined();
  expect(await stage.vramGigabytes('worker-1')).toBeGreaterThan(1);
  expect(await stage.worker('worker-3').count()).toBe(1);
  await stage.picture(`${name}-7-redis-lost`);

  // It comes back: the Stage recovers by itself and work goes on.
  await workshop.redis.start();
  await vi.waitFor(
    async () => expect(await stage.headline.textContent()).not.toMatch(/lost|Connecting|Reading/),
    USUAL,
  );
  await shows(stage.linkChip('Redis').filter({ hasText: 'ms' }));
  await stage
    .panel('Queue')
    .getByText(/\d+ s ago/)
    .waitFor({ state: 'hidden', timeout: 30_000 });
  await vi.waitFor(async () => expect(await stage.count('done')).toBeGreaterThan(done), PATIENT);
  await stage.picture(`${name}-8-recovered`);

  // Nobody submits any more; everything handed in must end, each job once.
  await workshop.crowd.stop();
  await vi.waitFor(async () => expect(await openJobs(workshop)).toBe(0), { timeout: 170_000, interval: 500 });
  const audit = await workshop.audit();
  expect(audit).toMatchObject({ lost: [], settledTwice: [], unreadableUpdates: [], waiting: 0, running: 0 });
  expect(audit.completed).toBeGreaterThan(10);
  expect(stage.faults).toEqual([]);
  await stage.picture(`${name}-9-end`);
}

async function openJobs(workshop: DemoWorkshop): Promise<number> {
  const { waiting, running } = await workshop.audit();
  return waiting + running;
}

/** A picture that takes so many seconds of life. */
function imageOf(seed: number, seconds: number): string {
  return (
    `{"1":{"inputs":{"seconds":${seconds}.0,"steps":${seconds * 4},"seed":${seed},"mode":"plain"},"class_type":"SlowImage"},` +
    '"2":{"inputs":{"filename_prefix":"e2e","images":["1",0]},"class_type":"SaveImage"}}'
  );
}
