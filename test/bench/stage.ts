import type { Page } from 'playwright-core';
import type { JobSummary, WorkshopChange } from '../../src-main/domain/workshop.ts';
import { openBrowser } from '../support/browser.ts';
import { type FakeWorkshop, serveFakeWorkshop } from '../support/fake-workshop.ts';
import { busyState, event, progress, randomOf, samples } from '../support/scenarios.ts';
import { manyHosts } from '../support/stage-states.ts';

interface Row {
  name: string;
  value: number;
  unit: string;
  n: number;
  peer?: { name: string; value: number };
}

const HOSTS = 8;
const WORKERS = 8;
const JOBS = 10_000;
/** Ten changes a second. */
const EVERY_MS = 100;

/**
 * The built renderer in real Chromium, fed with 10,000 jobs and 64 workers that change ten times a second: long
 * tasks of its main thread, growth of its heap between forced collections, and the time from a change leaving the
 * server to the frame that shows it.
 */
export async function bench(report: (row: Row) => void): Promise<void> {
  const seconds = process.env.BENCH_SHORT ? 6 : 30;
  const served = await serveFakeWorkshop(manyHosts(Date.now(), HOSTS, WORKERS, JOBS));
  const browser = await openBrowser(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(served.link());
    await page.getByRole('article').first().waitFor();
    await observe(page);
    // The first seconds fill caches and compile; they are not what an afternoon looks like.
    await change(served.workshop, 3);
    const before = await heapMegabytes(page);
    await page.evaluate(() => {
      window.seen.tasks.length = 0;
      window.seen.paints.length = 0;
    });
    const ticks = await change(served.workshop, seconds);
    const seen = await page.evaluate(() => window.seen);
    const after = await heapMegabytes(page);
    // A frame without a long task counts as none: the 99th percentile is over all ticks, not over the bad ones.
    const tasks = [...seen.tasks, ...Array.from({ length: Math.max(0, ticks - seen.tasks.length) }, () => 0)];
    report({ name: 'stage.longTask.p99', value: percentile(tasks, 0.99), unit: 'ms', n: ticks });
    report({
      name: 'stage.longTask.max',
      value: Math.max(0, ...seen.tasks),
      unit: 'ms',
      n: seen.tasks.length,
    });
    report({ name: 'stage.heapGrowth', value: after - before, unit: 'MB', n: 1 });
    report({
      name: 'stage.paint.p95',
      value: percentile(seen.paints, 0.95),
      unit: 'ms',
      n: seen.paints.length,
    });
  } finally {
    await browser.close();
    await served.close();
  }
}

declare global {
  interface Window {
    seen: { tasks: number[]; paints: number[] };
    gc?: () => void;
  }
}

/** Watches, in the page, for long tasks and for the moment at which each tick's event is painted. */
async function observe(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.seen = { tasks: [], paints: [] };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.seen.tasks.push(entry.duration);
    }).observe({ type: 'longtask' });
    const line = document.querySelector('[aria-label="Alerts and events"]');
    if (!line) throw new Error('the Stage has no event line');
    new MutationObserver(() => {
      const sent = Number(line.querySelector('[data-event-at]')?.getAttribute('data-event-at'));
      // The frame after this one begins once this one is on the screen.
      requestAnimationFrame(() => setTimeout(() => window.seen.paints.push(Date.now() - sent), 0));
    }).observe(line, { subtree: true, attributes: true, attributeFilter: ['data-event-at'] });
  });
}

async function heapMegabytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 1e6;
}

/** Changes hosts, progress, jobs and figures ten times a second. @returns the number of ticks. */
async function change(workshop: FakeWorkshop, seconds: number): Promise<number> {
  const random = randomOf(11);
  const ids = Object.keys(workshop.snapshot.jobs);
  const hostIds = Object.keys(workshop.snapshot.hosts);
  let ticks = 0;
  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      workshop.push(changesOf(workshop, ticks, { random, ids, hostIds }));
      ticks += 1;
      if (ticks >= (seconds * 1000) / EVERY_MS) {
        clearInterval(timer);
        done();
      }
    }, EVERY_MS);
  });
  return ticks;
}

function changesOf(
  workshop: FakeWorkshop,
  tick: number,
  { random, ids, hostIds }: { random: () => number; ids: string[]; hostIds: string[] },
): WorkshopChange[] {
  const now = Date.now();
  const { snapshot } = workshop;
  const changes: WorkshopChange[] = [];
  for (const hostId of hostIds) {
    const host = snapshot.hosts[hostId];
    if (!host?.live || !host.status) continue;
    const live = {
      ...host.live,
      at: now,
      gpus: host.live.gpus.map((gpu) => ({
        ...gpu,
        utilization: 60 + Math.round(random() * 40),
        powerW: 400 + random() * 200,
      })),
      progress: Array.from({ length: WORKERS }, (_, at) => progress(at + 1, (tick + at * 3) % 22, 22)),
    };
    changes.push({ kind: 'live', hostId, live, heardAt: now });
    // One worker of each host begins another job every second.
    if (tick % 10 === 0) {
      const turn = (tick / 10) % WORKERS;
      const workers = host.status.workers.map((worker, at) =>
        at === turn
          ? { ...worker, completed: worker.completed + 1, state: busyState(at + 1, now, 0) }
          : worker,
      );
      changes.push({
        kind: 'host',
        host: { ...host, live, heardAt: now, status: { ...host.status, at: now, workers } },
      });
    }
  }
  const upsert: JobSummary[] = [];
  for (let count = 0; count < 20; count += 1) {
    const job = snapshot.jobs[ids[Math.floor(random() * ids.length)] ?? ''];
    if (!job) continue;
    const status = job.status === 'pending' ? 'running' : job.status === 'running' ? 'completed' : 'pending';
    upsert.push({
      ...job,
      status,
      queue: status,
      score: random() * 4_000_000,
      startedAt: status === 'pending' ? null : now,
    });
  }
  changes.push({ kind: 'jobs', upsert, remove: [] });
  if (snapshot.counts)
    changes.push({
      kind: 'queue',
      queueAt: now,
      clockOffsetMs: 0,
      counts: { ...snapshot.counts, pending: snapshot.counts.pending + 1 },
    });
  const sample = samples(now, hostIds, 52_000, 0)[0];
  if (tick % 10 === 0 && sample) changes.push({ kind: 'sample', sample, coarse: false });
  changes.push({
    kind: 'event',
    event: event(now, 0, 'job-completed', `worker-1 finished job ${tick} of this run.`),
  });
  return changes;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
