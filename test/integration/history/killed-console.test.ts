import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { dayOf } from '../../../src-main/domain/history/local-day.ts';
import { HistoryStore } from '../../../src-renderer/live/history.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { seededRandom } from '../../faults/random.ts';
import { root } from '../../support/run-step.ts';
import { enterShell } from '../../support/shell-client.ts';
import { until } from '../main/until.ts';
import { REQUEST, submit } from '../queue/queue-rig.ts';

/** The console's own program is killed in the middle of its work, again and again, over one and the same folder. */
const SEED = 20261128;
const ROUNDS = 6;

let dir: string;
let redis: PrivateRedis;
let child: ChildProcess | undefined;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'killed-console-'));
  redis = await startPrivateRedis();
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await redis?.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** Jobs come and end as fast as Redis takes them, until the signal. @returns how many. */
async function work(client: Redis, round: number, stop: AbortSignal): Promise<number> {
  const consumer = createJobConsumer(client);
  for (let at = 0; ; at += 1) {
    if (stop.aborted) return at;
    const id = `round-${round}-job-${at}`;
    await submit(client, { id, userId: `user${at % 20}`, createdAtMicros: Date.now() * 1000 });
    const outcome = await consumer.claim(REQUEST);
    if (outcome.kind !== 'claimed') throw new Error(`expected a job, got ${outcome.kind}`);
    const error = `Node 4 (KSampler): ${'x'.repeat((at * 37) % 400)}`;
    await consumer.settle(
      outcome.claim,
      at % 5 === 0 ? { status: 'failed', error } : { status: 'completed', result: {} },
    );
    // Leaves the console time for more than reading.
    await new Promise((wake) => setTimeout(wake, 2));
  }
}

/** What a page of this console was shown, and when: ended jobs by id, and what counted as saved. */
interface Shown {
  endedAt: Map<string, number>;
  savedUntil: number;
}

/** Starts the console as a person does, over the same folder each time. */
async function startConsole() {
  const started = spawn(process.execPath, [resolve(root, 'src-main/shells/start.ts'), '--web', '--no-open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      WORKSHOP_CONSOLE_DIR: dir,
      WORKSHOP_CONSOLE_REDIS: `redis://127.0.0.1:${redis.port}`,
    },
  });
  child = started;
  let output = '';
  started.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const link = await until('a link', () => /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(output)?.[0]);
  const { client, close } = await enterShell(link);
  return { process: started, client, close };
}
type Started = Awaited<ReturnType<typeof startConsole>>;

async function killed({ process: one, close }: Started): Promise<void> {
  const gone = once(one, 'exit');
  one.kill('SIGKILL');
  await gone;
  await close();
}

/** Reads along like a page: the live changes, and what the Recap says is saved. */
function readAlong({ client }: Started, shown: Shown, stop: AbortSignal): Promise<void> {
  client.workshop.changes.subscribe(undefined, {
    onData({ changes }) {
      const at = Date.now();
      for (const change of changes) {
        const jobs =
          change.kind === 'jobs'
            ? change.upsert
            : change.kind === 'snapshot'
              ? Object.values(change.snapshot.jobs)
              : [];
        for (const { id, status } of jobs)
          if ((status === 'completed' || status === 'failed') && !shown.endedAt.has(id))
            shown.endedAt.set(id, at);
      }
    },
    onError() {},
  });
  const ask = async () => {
    while (!stop.aborted) {
      const state = await client.history.state.query();
      expect(state.fault).toBeNull();
      shown.savedUntil = Math.max(shown.savedUntil, state.savedUntil ?? 0);
    }
  };
  return ask().catch((cause: unknown) => {
    if (!stop.aborted) throw cause;
  });
}

/** The file grows: the console is in the middle of writing, and has not heard from the disk yet. */
function firstSignOfWriting(folder: string): Promise<void> {
  let watcher: FSWatcher | undefined;
  return new Promise<void>((done) => {
    watcher = watch(folder, () => done());
  }).finally(() => watcher?.close());
}

test('a console killed in the middle of writing has all that it had shown as saved, starts again, and draws the time between as a gap', {
  timeout: 240_000,
}, async () => {
  const random = seededRandom(SEED);
  const client = redis.client();
  const history = async () => {
    const [folder] = await readdir(join(dir, 'history'));
    return join(dir, 'history', folder ?? '');
  };
  /** All that any page was shown before it was told that everything until then is saved. */
  const promised = new Set<string>();

  for (let round = 0; round < ROUNDS; round += 1) {
    const console_ = await startConsole();
    const stop = new AbortController();
    const shown: Shown = { endedAt: new Map(), savedUntil: 0 };
    const reading = readAlong(console_, shown, stop.signal);
    const working = work(client, round, stop.signal);
    const has = (saved: number) => [...shown.endedAt.values()].filter((at) => at < saved).length;
    await until('jobs are saved', () => has(shown.savedUntil) > 20);
    const enough = shown.savedUntil + random.int(0, 1500);
    // Every other round at any moment, else in the middle of a write.
    await until('its moment', () => Date.now() > enough);
    if (round % 2 === 0) await firstSignOfWriting(await history());
    stop.abort();
    await killed(console_);
    await Promise.all([reading, working]);
    for (const [id, at] of shown.endedAt) if (at < shown.savedUntil) promised.add(id);
    // Redis forgets it all: what the next console knows of these jobs it has from its disk.
    await client.flushall();
  }
  expect(promised.size).toBeGreaterThan(20 * ROUNDS);

  // As if the last one had been killed two minutes ago.
  const today = dayOf(Date.now());
  const file = join(await history(), `${today}.jsonl`);
  const text = await readFile(file, 'utf8');
  const AWAY_MS = 120_000;
  await writeFile(
    file,
    text.replace(/\{"t":"sample","at":(\d+)/g, (_, at) => `{"t":"sample","at":${Number(at) - AWAY_MS}`),
  );
  const before = Date.now();
  const console_ = await startConsole();
  const { text: table } = await console_.client.history.table.query({ day: today, table: 'jobs' });
  const kept = table
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',')[0] ?? '');
  const missing = [...promised].filter((id) => !kept.includes(id));
  expect(missing).toEqual([]);
  expect(new Set(kept).size).toBe(kept.length);
  const recap = await console_.client.history.recap.query({ day: today });
  expect(recap.jobs.completed + recap.jobs.failed).toBe(kept.length);

  // The charts have their past back, and nothing where nobody looked.
  const charts = new HistoryStore();
  console_.client.workshop.changes.subscribe(undefined, {
    onData({ changes }) {
      for (const change of changes)
        if (change.kind === 'snapshot') charts.replaceAll(change.histories);
        else if (change.kind === 'sample') charts.push(change.sample, change.coarse);
    },
    onError() {},
  });
  const drawn = () => charts.fine.buckets().filter(({ pending }) => pending !== null);
  await until('the past and the present are drawn', () => {
    const times = drawn().map(({ at }) => at);
    return times.some((at) => at < before - AWAY_MS) && times.some((at) => at > before - 10_000);
  });
  const between = charts.fine
    .buckets()
    .filter(({ at }) => at > before - AWAY_MS + 10_000 && at < before - 10_000);
  expect(between.length).toBeGreaterThan(8);
  expect(between.filter(({ pending, samples }) => pending !== null || samples > 0)).toEqual([]);
  // Thirty seconds are watched time at most where two samples stand apart.
  expect(recap.watchedMs).toBeLessThan(before - AWAY_MS - (recap.from ?? before) + 60_000);
  await killed(console_);
});
