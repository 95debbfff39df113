import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { freePort } from '../../resources/demo/free-port.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { root } from '../support/run-step.ts';
import { judge, type Submitted, type Verdict } from './checker.ts';
import { type ForgetfulRedis, startForgetfulRedis } from './forgetful-redis.ts';
import { type Restartable, restartable } from './processes.ts';
import { type Random, seededRandom } from './random.ts';

export interface StormOptions {
  seed: number;
  jobs: number;
  /** Faults per second while jobs come in. */
  faultRate?: number;
  agents?: number;
  workersPerAgent?: number;
  /** Lease of the agents, seconds. */
  leaseSeconds?: number;
  /** Extra environment of every agent, e.g. to break it on purpose. */
  agentEnv?: NodeJS.ProcessEnv;
  /** How long everything may take to settle after the last fault, ms. */
  settleWithinMs?: number;
  faults?: readonly FaultName[];
  /** The agent's bundle; another one is a broken agent. */
  agent?: string;
  /** How long a frozen agent stays frozen at most, in leases. Default 2. */
  frozenForLeases?: number;
  /** Jobs run for seconds, so that faults hit them in the middle. */
  slowJobs?: boolean;
}

export const FAULTS = [
  'kill-agent',
  'freeze-agent',
  'kill-comfy',
  'restart-redis',
  'restart-redis-losing-a-second',
  'cut-link',
  'delay-link',
  'freeze-link',
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface StormReport extends Verdict {
  seed: number;
  faults: Record<string, number>;
  forgotten: number;
  /** Folder with the logs of all processes; removed when there are no problems. */
  folder: string;
}

interface AgentSite {
  agent: Restartable;
  proxy: FaultProxy;
  comfys: Restartable[];
}

/** Runs one seeded storm over a real Redis, real agent processes and ComfyUI doubles, then judges the outcome. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const random = seededRandom(options.seed);
  const folder = await mkdtemp(join(tmpdir(), `workshop-storm-${options.seed}-`));
  const outputs = join(folder, 'outputs');
  await mkdir(outputs);
  const redis = await startForgetfulRedis(folder);
  const client = redis.client();
  const sites: AgentSite[] = [];
  const submitted: Submitted[] = [];
  const counts: Record<string, number> = {};
  let isClean = false;
  try {
    for (let at = 0; at < (options.agents ?? 2); at += 1)
      sites.push(await startSite(at, redis, folder, outputs, options, random));
    const storm = new AbortController();
    const faults = blowFaults(random, redis, sites, submitted, counts, options, storm.signal);
    await submitJobs(client, random, submitted, options);
    storm.abort();
    await faults;
    for (const site of sites) {
      site.proxy.mend();
      site.agent.thaw();
      site.agent.start();
      for (const comfy of site.comfys) comfy.start();
    }
    const settled = await untilQuiet(client, submitted, options.settleWithinMs ?? 60_000);
    const verdict = await judge(client, submitted, outputs);
    if (!settled) verdict.problems.unshift('the queues did not run empty in time');
    isClean = verdict.problems.length === 0;
    return {
      ...verdict,
      seed: options.seed,
      faults: counts,
      forgotten: submitted.filter((job) => job.forgotten).length,
      folder,
    };
  } finally {
    for (const site of sites) {
      await site.agent.kill();
      await Promise.all(site.comfys.map((comfy) => comfy.kill()));
      await site.proxy.stop();
    }
    await redis.stop();
    // Only now does nobody write there any more.
    if (isClean) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function startSite(
  at: number,
  redis: ForgetfulRedis,
  folder: string,
  outputs: string,
  options: StormOptions,
  random: Random,
): Promise<AgentSite> {
  const proxy = await startFaultProxy(redis.port);
  const comfys: Restartable[] = [];
  const urls: string[] = [];
  const version = random.pick(['0.9.2', '0.11.0', '0.33.0']);
  for (let slot = 0; slot < (options.workersPerAgent ?? 3); slot += 1) {
    const port = await freePort();
    const home = join(folder, `comfy-${at}-${slot}`);
    await mkdir(join(home, 'input'), { recursive: true });
    await mkdir(join(home, 'output'), { recursive: true });
    const comfy = restartable(
      `comfy-${at}-${slot}`,
      [
        'resources/demo/comfy-double/main.ts',
        ...['--port', String(port), '--version', version, '--speed', '20', '--seed', String(options.seed)],
        ...['--output-directory', join(home, 'output'), '--input-directory', join(home, 'input')],
      ],
      {},
      join(folder, `comfy-${at}-${slot}.log`),
    );
    comfy.start();
    comfys.push(comfy);
    urls.push(`http://127.0.0.1:${port}`);
  }
  const agent = restartable(
    `agent-${at}`,
    [
      ...['--import', resolve(root, 'test/faults/clock-skew.mjs')],
      options.agent ?? process.env.STORM_AGENT ?? 'worker-agent/dist/worker-agent.mjs',
      'run',
    ],
    {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(proxy.port),
      AGENT_HOST_ID: `gpu${at}`,
      WORKER_ID_PREFIX: `gpu${at}-worker`,
      NUM_WORKERS: String(urls.length),
      RUNTIME: 'external',
      COMFYUI_URLS: urls.join(','),
      OUTPUTS_PATH: outputs,
      AGENT_STATE_DIR: join(folder, `agent-${at}`),
      LEASE_SECONDS: String(options.leaseSeconds ?? 3),
      NVIDIA_SMI: 'none',
      SKEW_MS: String(random.pick([0, -3_600_000, 7_200_000])),
      ...options.agentEnv,
    },
    join(folder, `agent-${at}.log`),
  );
  agent.start();
  return { agent, proxy, comfys };
}

async function submitJobs(
  client: Redis,
  random: Random,
  submitted: Submitted[],
  { jobs: count, slowJobs = false }: StormOptions,
): Promise<void> {
  // Long enough for the storm to blow: about 60 ms between jobs, never less than 15 s in all.
  const paceMs = Math.max(60, 15_000 / count);
  for (let n = 0; n < count; n += 1) {
    const fails = random.next() < 0.1;
    const job: Submitted = {
      id: randomUUID(),
      userId: `user${String(random.int(1, 20)).padStart(3, '0')}`,
      workflow: workflowOf(random, n, fails, slowJobs),
      expected: fails ? 'failed' : 'completed',
      cancelAsked: false,
      forgotten: false,
    };
    await patiently(async () => {
      const [seconds, micros] = await client.time();
      await submitAsQueueManager(client, {
        id: job.id,
        userId: job.userId,
        workflow: job.workflow,
        priority: random.pick([1, 2, 2, 2]),
        createdAtMicros: Number(seconds) * 1e6 + Number(micros),
      });
    });
    // A crash between the submission's three writes can swallow the first: Redis itself forgot the job.
    job.forgotten = (await patiently(() => client.exists(`job:${job.id}`))) === 0;
    submitted.push(job);
    if (random.next() < 0.12) {
      // A young one: it waits, is being claimed, runs, or is on its way out.
      const victim = random.pick(submitted.slice(-5));
      await cancelAsQueueManager(client, victim).catch(() => undefined);
    }
    await wait(random.next() * 2 * paceMs);
  }
}

/** Any JSON text goes; the seed is beyond 2^53 so that a careless parser shows. */
function workflowOf(random: Random, n: number, fails: boolean, slow: boolean): string {
  const seed = 18_446_744_073_709_000_000n + BigInt(n);
  const work = fails
    ? `{"class_type":"FailImage","inputs":{"image":["1",0]}}`
    : `{"class_type":"SlowImage","inputs":{"seconds":${slow ? random.int(10, 60) : random.int(1, 8)}.0,"steps":4,"seed":${seed},"mode":"plain","image":["1",0]}}`;
  return (
    `{"1":{"class_type":"EmptyImage","inputs":{"width":64,"height":64,"batch_size":1,"color":${n}}},` +
    `"2":${work},"3":{"class_type":"SaveImage","inputs":{"images":["2",0],"filename_prefix":"picture"}}}`
  );
}

/**
 * Contract 1.7: pending jobs are deleted outright, running ones only change their status. The platform reads and then
 * writes without a guard, so its late write can undo what the agent has just written; that is the platform's fault and
 * not ours to judge, so here both writes hold only if the text is still the one that was read.
 */
async function cancelAsQueueManager(client: Redis, job: Submitted): Promise<void> {
  const text = await client.get(`job:${job.id}`);
  if (text === null) return;
  if (text.includes('},"status":"pending"')) {
    job.cancelAsked = true;
    const script = `
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
      for _, queue in ipairs({ 'pending', 'running', 'completed', 'failed' }) do
        redis.call('ZREM', 'queue:' .. queue, ARGV[2])
      end
      redis.call('SREM', KEYS[2], ARGV[2])
      redis.call('DEL', KEYS[1])`;
    await client.eval(script, 2, `job:${job.id}`, `user:${job.userId}:jobs`, text, job.id);
  } else if (text.includes('},"status":"running"')) {
    job.cancelAsked = true;
    const script = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end`;
    const cancelled = text.replace('},"status":"running"', '},"status":"cancelled"');
    await client.eval(script, 1, `job:${job.id}`, text, cancelled);
  }
}

async function blowFaults(
  random: Random,
  redis: ForgetfulRedis,
  sites: AgentSite[],
  submitted: Submitted[],
  counts: Record<string, number>,
  options: StormOptions,
  over: AbortSignal,
): Promise<void> {
  const names = options.faults ?? FAULTS;
  const lease = (options.leaseSeconds ?? 3) * 1000;
  while (!over.aborted && names.length > 0) {
    await wait(random.int(200, 2000) / (options.faultRate ?? 2));
    const name = random.pick(names);
    const site = random.pick(sites);
    counts[name] = (counts[name] ?? 0) + 1;
    switch (name) {
      case 'kill-agent':
        await site.agent.kill();
        await wait(random.int(50, lease * 1.5));
        site.agent.start();
        break;
      case 'freeze-agent':
        site.agent.freeze();
        await wait(random.int(lease / 2, lease * (options.frozenForLeases ?? 2)));
        site.agent.thaw();
        break;
      case 'kill-comfy': {
        const comfy = random.pick(site.comfys);
        await comfy.kill();
        await wait(random.int(50, 1000));
        comfy.start();
        break;
      }
      case 'restart-redis':
        await redis.kill();
        await wait(random.int(50, 1500));
        await redis.start();
        break;
      case 'restart-redis-losing-a-second':
        await redis.losingLastSecond();
        await markForgotten(redis, submitted);
        break;
      case 'cut-link':
        site.proxy.cut();
        await wait(random.int(100, lease * 1.5));
        site.proxy.mend();
        break;
      case 'delay-link':
        site.proxy.delay(random.int(20, 300));
        await wait(random.int(500, 2000));
        site.proxy.mend();
        break;
      case 'freeze-link':
        site.proxy.freeze();
        await wait(random.int(500, lease * 1.5));
        site.proxy.mend();
        break;
    }
  }
}

/** After Redis came back without its last second, jobs whose key it no longer has were forgotten by Redis itself. */
async function markForgotten(redis: ForgetfulRedis, submitted: Submitted[]): Promise<void> {
  const client = redis.client();
  for (const job of submitted) {
    if (job.cancelAsked || job.forgotten) continue;
    const known = await patiently(() => client.exists(`job:${job.id}`));
    const queued = known === 1 && (await patiently(() => client.zscore('queue:pending', job.id))) !== null;
    // A submission is three writes; one that lost the later ones is in no queue. The platform never repairs that.
    if (known === 0) job.forgotten = true;
    else if (!queued) continue;
  }
  client.disconnect();
}

/**
 * Queues that are empty are not the end: a submission of which Redis forgot the second write stands in none, and comes
 * to light only when an agent next walks all job keys.
 */
async function untilQuiet(
  client: Redis,
  submitted: readonly Submitted[],
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const left = await patiently(
      async () => (await client.zcard('queue:pending')) + (await client.zcard('queue:running')),
    );
    if (left === 0 && !(await patiently(() => anyOpen(client, submitted)))) return true;
    await wait(100);
  }
  return false;
}

async function anyOpen(client: Redis, submitted: readonly Submitted[]): Promise<boolean> {
  const texts = await client.mget(submitted.map(({ id }) => `job:${id}`));
  return texts.some((text) => text !== null && /},"status":"(pending|running)"/.test(text));
}

/** Tries until Redis answers again; the test's own link is not part of the storm. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch {
      await wait(50);
    }
  }
}
