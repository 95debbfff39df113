/**
 * The live list over a hotel's network: 200 waiting jobs of 90 KB behind 40 ms and 20 Mbit/s. Beside it, in the same
 * run, a client that fetches every job at each refresh, every 2 s, as the platform's dashboards do.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { openRedisWorkshop } from '../../src-main/app/redis-workshop.ts';
import { createWorkshopWatch } from '../../src-main/services/watch-workshop.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { type SlowLink, startSlowLink } from '../support/slow-link.ts';

interface Row {
  name: string;
  value: number;
  unit: string;
  n: number;
  peer?: { name: string; value: number };
}

const JOBS = 200;
const JOB_BYTES = 90_000;
const PASSWORD = 'bench';
const PEER = 'GET every job, each 2 s';
const PEER_REFRESH_MS = 2000;
const short = process.env.BENCH_SHORT === '1';
const COLD_RUNS = short ? 3 : 15;
const CHANGES = short ? 10 : 60;
const PEER_CHANGES = short ? 3 : 6;
const IDLE_MS = short ? 6_000 : 20_000;

/** Something that keeps a list of the waiting jobs. */
interface Client {
  /** Ids that it shows now; undefined before it knows. */
  waiting(): ReadonlySet<string> | undefined;
  close(): void;
}

export async function bench(report: (row: Row) => void): Promise<void> {
  const redis = await startPrivateRedis({ password: PASSWORD });
  try {
    await fill(redis);
    const link = await startSlowLink(redis.port, { rttMs: 40, megabitsPerSecond: 20 });
    try {
      const ours = await measure(redis, link, openConsole, COLD_RUNS, CHANGES);
      const peer = await measure(redis, link, openPolling, short ? 1 : 3, PEER_CHANGES);
      const beside = (value: number) => ({ name: PEER, value });
      report({
        name: 'snapshot.cold.ms',
        value: ours.coldMs,
        unit: 'ms',
        n: COLD_RUNS,
        peer: beside(peer.coldMs),
      });
      report({
        name: 'snapshot.cold.bytes',
        value: ours.coldBytes,
        unit: 'bytes',
        n: COLD_RUNS,
        peer: beside(peer.coldBytes),
      });
      report({
        name: 'snapshot.idle.bytesPerSecond',
        value: ours.idleBytesPerSecond,
        unit: 'B/s',
        n: 1,
        peer: beside(peer.idleBytesPerSecond),
      });
      report({
        name: 'snapshot.change.p95',
        value: ours.changeP95,
        unit: 'ms',
        n: CHANGES,
        peer: beside(peer.changeP95),
      });
    } finally {
      await link.stop();
    }
  } finally {
    await redis.stop();
  }
}

async function measure(
  redis: PrivateRedis,
  link: SlowLink,
  open: (link: SlowLink) => Client,
  coldRuns: number,
  changes: number,
) {
  const cold: { ms: number; bytes: number }[] = [];
  for (let run = 0; run < coldRuns; run += 1) {
    // A server that has not seen our scripts yet: the first console of the day.
    await redis.client().script('FLUSH');
    const from = link.bytes();
    const started = performance.now();
    const client = open(link);
    await until(() => client.waiting()?.size === JOBS);
    cold.push({ ms: performance.now() - started, bytes: link.bytes() - from });
    client.close();
    await quiet(link);
  }

  const client = open(link);
  await until(() => client.waiting()?.size === JOBS);
  // Arming and the reading that follows it belong to the start, not to idling.
  await pause(3000);
  const from = link.bytes();
  const idleFrom = performance.now();
  await pause(IDLE_MS);
  const idleBytesPerSecond = (link.bytes() - from) / ((performance.now() - idleFrom) / 1000);

  const delays: number[] = [];
  const db = redis.client();
  for (let change = 0; change < changes; change += 1) {
    // Not in step with any timer of the client.
    await pause(150 + Math.random() * 500);
    const id = randomUUID();
    await submit(db, id, change);
    const written = performance.now();
    await until(() => client.waiting()?.has(id) === true);
    delays.push(performance.now() - written);
    await db.multi().zrem(keys.pending, id).del(keys.job(id)).exec();
    await until(() => client.waiting()?.has(id) === false);
  }
  client.close();
  await quiet(link);
  return {
    coldMs: median(cold.map(({ ms }) => ms)),
    coldBytes: Math.max(...cold.map(({ bytes }) => bytes)),
    idleBytesPerSecond,
    changeP95: quantile(delays, 0.95),
  };
}

/** Main's own reading as a subscriber gets it, coalescing included. */
function openConsole(link: SlowLink): Client {
  const address = { host: '127.0.0.1', port: link.port, password: PASSWORD, tls: false };
  const workshop = openRedisWorkshop({ name: 'bench', ...address });
  const watch = createWorkshopWatch();
  watch.turnTo(workshop);
  const ending = new AbortController();
  let waiting: Set<string> | undefined;
  const follow = async () => {
    for await (const { changes } of watch.watch(ending.signal))
      for (const change of changes) {
        if (change.kind === 'snapshot' && change.snapshot.counts)
          waiting = new Set(Object.keys(change.snapshot.jobs));
        if (change.kind !== 'jobs') continue;
        waiting ??= new Set();
        for (const { id } of change.upsert) waiting.add(id);
        for (const id of change.remove) waiting.delete(id);
      }
  };
  follow().catch((cause: unknown) => console.error(cause));
  return {
    waiting: () => waiting,
    close() {
      ending.abort();
      watch.close();
      workshop.close();
    },
  };
}

/** The peer: every refresh fetches each waiting job whole. */
function openPolling(link: SlowLink): Client {
  const redis = new Redis({ host: '127.0.0.1', port: link.port, password: PASSWORD });
  redis.on('error', () => {});
  let waiting: ReadonlySet<string> | undefined;
  let closed = false;
  const refresh = async () => {
    while (!closed) {
      const ids = await redis.zrange(keys.pending, '0', '-1');
      const texts = await Promise.all(ids.map((id) => redis.get(keys.job(id))));
      waiting = new Set(ids.filter((_, index) => texts[index] !== null));
      await pause(PEER_REFRESH_MS);
    }
  };
  refresh().catch(() => {});
  return {
    waiting: () => waiting,
    close() {
      closed = true;
      redis.disconnect();
    },
  };
}

async function fill(redis: PrivateRedis): Promise<void> {
  const db = redis.client();
  for (let job = 0; job < JOBS; job += 1) await submit(db, randomUUID(), job);
}

/** Jobs of a workshop: one template, each with its own seed and prompt, padded to 90 KB as real ones are by graphs. */
async function submit(db: Redis, id: string, serial: number): Promise<void> {
  const nodes: Record<string, object> = {
    4: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
    3: { class_type: 'KSampler', inputs: { seed: serial * 7919, steps: 20, model: ['4', 0] } },
    9: { class_type: 'SaveImage', inputs: { filename_prefix: 'out', images: ['3', 0] } },
  };
  for (let node = 10; JSON.stringify(nodes).length < JOB_BYTES - 700; node += 1)
    nodes[node] = {
      class_type: 'CLIPTextEncode',
      inputs: { text: `prompt ${serial} part ${node} `.repeat(20), clip: ['4', 1] },
    };
  await submitAsQueueManager(db, {
    id,
    userId: `user${String((serial % 20) + 1).padStart(3, '0')}`,
    workflow: JSON.stringify(nodes),
    priority: 2,
    createdAtMicros: 1_772_360_430_000_000 + serial * 1_000_000,
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the list did not arrive within 60 s');
    await new Promise((wake) => setTimeout(wake, 1));
  }
}

/** Waits until nothing of an earlier client is under way any more. */
async function quiet(link: SlowLink): Promise<void> {
  for (let before = -1; before !== link.bytes(); ) {
    before = link.bytes();
    await pause(300);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms));
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
