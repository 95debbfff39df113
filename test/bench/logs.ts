import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalHost } from '../../src-main/connections/hosts/local-host.ts';
import { createLogsService } from '../../src-main/services/logs/logs-service.ts';
import { openBrowser } from '../support/browser.ts';
import { serveFakeWorkshop } from '../support/fake-workshop.ts';
import { stageStates } from '../support/stage-states.ts';

interface Row {
  name: string;
  value: number;
  unit: string;
  n: number;
}

const PER_SECOND = 10_000;

/** Appends so many lines a second to a file, in steps of 10 ms, until it is ended. */
const PRODUCER = `
const fs = require('fs');
const [file, rate] = process.argv.slice(1);
const began = Date.now();
let n = 0;
setInterval(() => {
  let text = '';
  for (const due = (Date.now() - began) / 1000 * rate; n < due; n += 1)
    text += '[INFO] step ' + n + ' of a sampler that writes a line of the usual length, 3.41 s/it\\n';
  if (text !== '') fs.appendFileSync(file, text);
}, 10);
`;

/**
 * A worker's log that grows by 10,000 lines a second, from a real file through the product's own service to the built
 * renderer in real Chromium: lines a second that arrive on the screen's side, lines that are counted but not shown, and
 * long tasks of the page's main thread.
 */
export async function bench(report: (row: Row) => void): Promise<void> {
  const seconds = process.env.BENCH_SHORT ? 5 : 20;
  const root = mkdtempSync(join(tmpdir(), 'workshop-bench-logs-'));
  const file = join(root, 'state', 'logs', 'worker-1.log');
  mkdirSync(join(root, 'state', 'logs'), { recursive: true });
  writeFileSync(file, '');
  const logs = createLogsService({
    machines: {
      list: async () => [{ id: 'gpu-1', name: 'GPU host' }],
      open: async () => createLocalHost({ env: { ...process.env, HOME: root } }),
    },
    roots: [root],
    secrets: async () => ['a-password-of-the-workshop'],
  });
  const busy = stageStates.busy;
  if (!busy) throw new Error('there is no such state');
  const served = await serveFakeWorkshop(busy(Date.now()));
  Object.assign(served.workshop.logs, {
    machines: logs.machines,
    sources: logs.sources,
    follow: logs.follow,
  });
  const browser = await openBrowser();
  let producer: ChildProcess | undefined;
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(served.link());
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('button', { name: 'Logs' }).click();
    await page.getByRole('button', { name: /^worker-1/ }).click();
    await page.getByText('Live.').waitFor();
    const stop = new AbortController();
    const seen = { lines: 0, first: -1, last: -1 };
    void (async () => {
      for await (const { lines } of logs.follow({ machineId: 'gpu-1', sourceId: 'worker-1' }, stop.signal)) {
        if (seen.first < 0) seen.first = lines[0]?.seq ?? -1;
        seen.last = lines[lines.length - 1]?.seq ?? seen.last;
        seen.lines += lines.length;
      }
    })();
    producer = spawn(process.execPath, ['-e', PRODUCER, file, String(PER_SECOND)], { stdio: 'inherit' });
    // The first seconds fill caches and compile; they are not what an afternoon looks like.
    await new Promise((done) => setTimeout(done, 3000));
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(window, { tasks });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration);
      }).observe({ type: 'longtask' });
    });
    Object.assign(seen, { lines: 0, first: -1, last: -1 });
    const began = performance.now();
    await new Promise((done) => setTimeout(done, seconds * 1000));
    const took = (performance.now() - began) / 1000;
    const { lines, first, last } = seen;
    const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
    stop.abort();
    // Ten drawings a second; one without a long task counts as none.
    const draws = Math.round(took * 10);
    const all = [...tasks, ...Array.from({ length: Math.max(0, draws - tasks.length) }, () => 0)];
    report({ name: 'logs.linesPerSecond', value: lines / took, unit: 'lines/s', n: lines });
    report({ name: 'logs.notShown', value: last - first + 1 - lines, unit: 'lines', n: last - first + 1 });
    report({ name: 'logs.longTask.p99', value: percentile(all, 0.99), unit: 'ms', n: draws });
    report({ name: 'logs.longTask.max', value: Math.max(0, ...tasks), unit: 'ms', n: tasks.length });
  } finally {
    producer?.kill('SIGKILL');
    logs.forget();
    await browser.close();
    await served.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
