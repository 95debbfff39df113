import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type ComfyDouble, startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { createRandom, type Random } from '../../resources/demo/participants/random.ts';
import { cancelAsQueueManager } from '../../resources/demo/platform-cancel.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { hostStatusSchema } from '../../worker-agent/src/contract/host.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { type Restartable, restartable } from '../faults/processes.ts';
import { type BenchRow, isShort, quantile } from '../support/bench-rig.ts';
import { runStep } from '../support/run-step.ts';

/** Node time runs this much faster than the clock on the wall; the day is compressed as much. */
const SPEED = 100;
const HOURS = 8;
const WORKERS = 3;
/** Simulated seconds between two submissions, on average: keeps three workers busy most of the time. */
const SUBMIT_EVERY_S = 36;
const COMFY_RESTART_EVERY_S = 1200;
const PATIENCE_MS = 180_000;

/** One sample of the agent's process. */
interface Sample {
  /** Share of the run that is over. */
  at: number;
  rssMiB: number;
  handles: number;
}

/**
 * A workshop's day, 100 times faster: jobs of all endings, cancellations, restarts of ComfyUI. Reports what has grown
 * since the first quarter, when all code has run: memory of the agent's process (%), its open files, and the keys of
 * ours that Redis would keep for ever once all jobs are done.
 */
export async function bench(report: (row: BenchRow) => void): Promise<void> {
  const durationMs = isShort ? 30_000 : (HOURS * 3600 * 1000) / SPEED;
  if ((await runStep('node', ['worker-agent/build.ts'])) !== 0)
    throw new Error('the agent could not be bundled');
  const folder = mkdtempSync(join(tmpdir(), 'workshop-soak-'));
  const server = await startPrivateRedis({ parentDir: folder });
  const redis = server.client();
  const comfys = await Promise.all(
    Array.from({ length: WORKERS }, () => startComfyDouble({ speed: SPEED, version: '0.33.0' })),
  );
  const agent = prepareAgent(folder, server.port, comfys);
  const over = new AbortController();
  try {
    agent.start();
    await until('idle workers', () => areIdle(redis));
    const random = createRandom(8);
    const since = performance.now();
    const share = () => (performance.now() - since) / durationMs;
    const life = Promise.all([
      submitJobs(redis, random.fork(), over.signal),
      restartComfys(comfys, random.fork(), over.signal),
    ]);
    const samples: Sample[] = [];
    let early: Awaited<ReturnType<typeof ownKeys>> | undefined;
    while (share() < 1) {
      await wait(500);
      samples.push({ at: share(), rssMiB: rssMiB(agent), handles: handles(agent) });
      if (share() > 0.25) early ??= await ownKeys(redis);
    }
    over.abort();
    await life;
    const waiting = await redis.zcard(keys.pending);
    await until(`the end of all jobs, of which ${waiting} waited`, () => areIdle(redis));
    const last = await ownKeys(redis);
    const ended = (await redis.zcard(keys.completed)) + (await redis.zcard(keys.failed));

    const [before, after] = [window(samples, 0.25, 0.4), window(samples, 0.85, 1)];
    report({
      ...{ name: 'soak.rss.growth', unit: '%', n: samples.length },
      value: (after.rssMiB / before.rssMiB - 1) * 100,
      peer: { name: 'target', value: 5 },
    });
    report({ name: 'soak.rss', value: after.rssMiB, unit: 'MiB', n: samples.length });
    report({
      name: 'soak.handles.growth',
      value: after.handles - before.handles,
      unit: '',
      n: samples.length,
    });
    const kept = last.kept - (early?.kept ?? 0);
    report({ name: 'soak.redis.ourKeys.growth', value: kept, unit: 'keys', n: ended });
    // What is remembered of each job for a while goes by itself.
    report({ name: 'soak.redis.ourKeys.expiring', value: last.expiring / ended, unit: 'per job', n: ended });
    report({ name: 'soak.redis.events', value: await redis.xlen(keys.events), unit: 'entries', n: ended });
  } finally {
    over.abort();
    await agent.kill();
    await Promise.all(comfys.map((comfy) => comfy.stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface SoakedAgent extends Restartable {
  pid(): number;
}

function prepareAgent(folder: string, port: number, comfys: readonly ComfyDouble[]): SoakedAgent {
  const state = join(folder, 'agent');
  const environment = {
    ...{ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), RUNTIME: 'external', AGENT_HOST_ID: 'soak' },
    ...{ COMFYUI_URLS: comfys.map(({ url }) => url).join(','), NUM_WORKERS: String(WORKERS) },
    ...{ AGENT_STATE_DIR: state, OUTPUTS_PATH: join(folder, 'outputs'), NVIDIA_SMI: 'none' },
    ...{ LOG_FILE: join(folder, 'soak.log'), LOG_FILE_SIZE: '1M', LOG_FILE_COUNT: '2' },
  };
  // As the systemd unit starts it.
  const command = ['--max-semi-space-size=2', 'worker-agent/dist/worker-agent.mjs', 'run'];
  const agent = restartable('soak', command, environment, join(folder, 'soak.out'));
  return {
    ...agent,
    pid() {
      const lock: unknown = JSON.parse(readFileSync(join(state, 'agent.lock'), 'utf8'));
      if (typeof lock === 'object' && lock && 'pid' in lock && typeof lock.pid === 'number') return lock.pid;
      throw new Error('the agent does not run');
    },
  };
}

async function submitJobs(redis: Redis, random: Random, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const id = random.uuid();
    await submitAsQueueManager(redis, {
      ...{ id, userId: `user${String(random.int(1, 20)).padStart(3, '0')}`, workflow: workflowOf(random) },
      ...{ priority: random.pick([1, 2, 2, 2]), createdAtMicros: Date.now() * 1000 },
    });
    if (random.chance(0.08))
      setTimeout(() => void cancelAsQueueManager(redis, id).catch(() => {}), random.int(0, 1500));
    await wait((random.exponential(SUBMIT_EVERY_S) * 1000) / SPEED);
  }
}

function workflowOf(random: Random): string {
  const image = '{"class_type":"EmptyImage","inputs":{"width":64,"height":64,"batch_size":1,"color":3}}';
  const save = '{"class_type":"SaveImage","inputs":{"images":["2",0],"filename_prefix":"soak"}}';
  const work = random.weighted<string>([
    [
      `{"class_type":"SlowImage","inputs":{"seconds":${random.int(10, 120)},"steps":20,"seed":${random.seed64()},"mode":"preview","image":["1",0]}}`,
      90,
    ],
    [`{"class_type":"FailImage","inputs":{"message":"no","seed":${random.int(0, 1e9)}}}`, 6],
    [`{"class_type":"OomImage","inputs":{"kind":"torch","seed":${random.int(0, 1e9)}}}`, 4],
  ]);
  return `{"1":${image},"2":${work},"3":${save}}`;
}

async function restartComfys(
  comfys: readonly ComfyDouble[],
  random: Random,
  over: AbortSignal,
): Promise<void> {
  for (;;) {
    await wait((random.exponential(COMFY_RESTART_EVERY_S) * 1000) / SPEED, undefined, { signal: over }).catch(
      () => {},
    );
    if (over.aborted) return;
    await comfys[random.int(0, comfys.length - 1)]?.faults.restart(random.int(50, 600));
  }
}

/** Nothing waits, nothing runs, and the agent says that every worker is idle. */
async function areIdle(redis: Redis): Promise<boolean> {
  const text = await redis.get(keys.hostStatus('soak'));
  const workers = text === null ? [] : hostStatusSchema.parse(JSON.parse(text)).workers;
  const left = (await redis.zcard(keys.pending)) + (await redis.zcard(keys.running));
  return left === 0 && workers.length === WORKERS && workers.every(({ state }) => state.kind === 'idle');
}

/** Keys that the platform does not have: those without a time to live, and those that go by themselves. */
async function ownKeys(redis: Redis): Promise<{ kept: number; expiring: number }> {
  const counts = { kept: 0, expiring: 0 };
  // The claim of a job that runs lives as long as the job does.
  const running = new Set((await redis.zrange(keys.running, 0, '-1')).map(keys.claim));
  for (const key of await redis.keys('*')) {
    if (/^(job|user|queue|worker):/.test(key) || running.has(key)) continue;
    if ((await redis.ttl(key)) === -1) counts.kept += 1;
    else counts.expiring += 1;
  }
  return counts;
}

/** Medians of the samples of a part of the run. */
function window(samples: readonly Sample[], from: number, to: number): Omit<Sample, 'at'> {
  const part = samples.filter(({ at }) => at >= from && at <= to);
  return {
    rssMiB: quantile(
      part.map(({ rssMiB }) => rssMiB),
      0.5,
    ),
    handles: quantile(
      part.map(({ handles }) => handles),
      0.5,
    ),
  };
}

function rssMiB(agent: SoakedAgent): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${agent.pid()}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

function handles(agent: SoakedAgent): number {
  return readdirSync(`/proc/${agent.pid()}/fd`).length;
}

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await wait(50);
  }
}
