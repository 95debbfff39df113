import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { hostStatusSchema } from '../../worker-agent/src/contract/host.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { type Restartable, restartable } from '../faults/processes.ts';

const LEASE_SECONDS = 3;

/**
 * takeover.kill: from kill -9 of an agent to its job going on at another agent; due within the lease and 2 s.
 * takeover.adopt: from the start of a restarted agent's process to its job in hand again; due within 1 s.
 */
export async function bench(
  report: (row: {
    name: string;
    value: number;
    unit: string;
    n: number;
    peer?: { name: string; value: number };
  }) => void,
): Promise<void> {
  const rounds = process.env.BENCH_SHORT ? 2 : 5;
  spawnSync(process.execPath, ['worker-agent/build.ts'], { stdio: 'inherit' });
  const folder = await mkdtemp(join(tmpdir(), 'workshop-takeover-'));
  const redis = await startPrivateRedis({ parentDir: folder });
  const client = redis.client();
  const doubles = await Promise.all([startComfyDouble({}), startComfyDouble({})]);
  const agents = await Promise.all(doubles.map((double, at) => agentOf(at, redis.port, double.url, folder)));
  const [first, second] = agents;
  if (!first || !second) throw new Error('two agents are needed');
  const took: number[] = [];
  const adopted: number[] = [];
  try {
    first.start();
    await until(() => isIn(client, 'gpu0', 'idle'));
    for (let round = 0; round < rounds; round += 1) {
      const id = await submitLong(client);
      await until(() => hasJob(client, 'gpu0', id));
      const before = (await workersOf(client, 'gpu0'))?.instance ?? '';
      await first.kill();
      const from = performance.now();
      first.start();
      await until(() => anewWithJob(client, 'gpu0', id, before));
      adopted.push(performance.now() - from);
      second.start();
      await until(() => isIn(client, 'gpu1', 'idle'));
      await first.kill();
      const killedAt = performance.now();
      await until(() => hasJob(client, 'gpu1', id));
      took.push(performance.now() - killedAt);
      await cancel(client, id);
      await until(() => isIn(client, 'gpu1', 'idle'));
      await second.kill();
      await Promise.all(doubles.map((double) => double.restart(0)));
      await client.flushall();
      first.start();
      await until(() => isIn(client, 'gpu0', 'idle'));
    }
  } finally {
    await Promise.all(agents.map((agent) => agent.kill()));
    await Promise.all(doubles.map((double) => double.stop()));
    await redis.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  const lease = { name: 'lease', value: LEASE_SECONDS * 1000 };
  report({ name: 'takeover.kill', value: Math.max(...took), unit: 'ms', n: took.length, peer: lease });
  const target = { name: 'target', value: 1000 };
  report({
    name: 'takeover.adopt',
    value: Math.max(...adopted),
    unit: 'ms',
    n: adopted.length,
    peer: target,
  });
}

async function agentOf(at: number, port: number, url: string, folder: string): Promise<Restartable> {
  const state = join(folder, `agent-${at}`);
  await mkdir(state, { recursive: true });
  const environment = {
    ...{ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), RUNTIME: 'external', COMFYUI_URLS: url },
    ...{ NUM_WORKERS: '1', AGENT_HOST_ID: `gpu${at}`, WORKER_ID_PREFIX: `gpu${at}-worker` },
    ...{ AGENT_STATE_DIR: state, OUTPUTS_PATH: join(folder, 'outputs'), NVIDIA_SMI: 'none' },
    LEASE_SECONDS: String(LEASE_SECONDS),
  };
  const log = join(folder, `agent-${at}.log`);
  return restartable(
    `agent-${at}`,
    ['--max-semi-space-size=2', 'worker-agent/dist/worker-agent.mjs', 'run'],
    environment,
    log,
  );
}

async function submitLong(client: Redis): Promise<string> {
  const id = randomUUID();
  const slow =
    '{"class_type":"SlowImage","inputs":{"seconds":120.0,"steps":400,"seed":1,"mode":"plain","image":["1",0]}}';
  const workflow =
    `{"1":{"class_type":"EmptyImage","inputs":{"width":16,"height":16,"batch_size":1,"color":7}},"2":${slow},` +
    `"3":{"class_type":"SaveImage","inputs":{"images":["2",0],"filename_prefix":"p"}}}`;
  await submitAsQueueManager(client, {
    ...{ id, userId: 'user001', workflow, priority: 2 as const, createdAtMicros: Date.now() * 1000 },
  });
  return id;
}

async function cancel(client: Redis, id: string): Promise<void> {
  const text = (await client.get(keys.job(id))) ?? '';
  await client.set(keys.job(id), text.replace('},"status":"running"', '},"status":"cancelled"'));
}

async function workersOf(client: Redis, hostId: string) {
  const text = await client.get(keys.hostStatus(hostId));
  return text === null ? undefined : hostStatusSchema.parse(JSON.parse(text));
}

async function isIn(client: Redis, hostId: string, kind: string): Promise<boolean> {
  const status = await workersOf(client, hostId);
  return status?.workers[0]?.state.kind === kind;
}

async function hasJob(client: Redis, hostId: string, jobId: string): Promise<boolean> {
  const state = (await workersOf(client, hostId))?.workers[0]?.state;
  return state?.kind === 'busy' && state.job.jobId === jobId && state.job.phase !== 'preparing';
}

/** Whether another life of the agent than `before` says that it has the job in hand. */
async function anewWithJob(client: Redis, hostId: string, jobId: string, before: string): Promise<boolean> {
  const status = await workersOf(client, hostId);
  const state = status?.workers[0]?.state;
  return status?.instance !== before && state?.kind === 'busy' && state.job.jobId === jobId;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('waited in vain for 60 s');
    await wait(5);
  }
}
