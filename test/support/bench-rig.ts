import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type AgentProcess, prepareAgent } from '../../resources/demo/agent-process.ts';
import { type ComfyDouble, startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { cardDirectory } from '../../resources/demo/nvidia-smi-double/card.ts';
import { endProcessesNaming } from '../../resources/demo/own-processes.ts';
import { createRandom } from '../../resources/demo/participants/random.ts';
import { submitAsQueueManager } from '../../resources/demo/platform-job.ts';
import { startPrivateRedis } from '../../resources/demo/private-redis.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import { runPollingWorker } from './polling-worker.ts';

/** Who executes the jobs of a rig. */
export type Contender = 'agent' | 'polling';

/** One worker on one ComfyUI double and a Redis of its own. */
export interface BenchRig {
  readonly redis: Redis;
  /** Submits as the queue-manager does. @returns the job's id and the moment before the first write. */
  submit(workflow: string): Promise<{ id: string; at: number }>;
  /** Moment at which POST /prompt reached ComfyUI, in milliseconds of performance.now(). */
  promptSeen(id: string): Promise<number>;
  /** Resolves when the job is in queue:completed. */
  completed(id: string): Promise<void>;
  /** The prompts in the order of execution, with ComfyUI's own times, epoch ms. */
  executions(): Promise<{ start: number; end: number }[]>;
  stop(): Promise<void>;
}

const historySchema = z.record(
  z.string(),
  z.object({
    status: z.object({
      messages: z.array(z.tuple([z.string(), z.looseObject({ timestamp: z.number().optional() })])),
    }),
  }),
);

/** Deadline of every single wait, ms. */
const PATIENCE_MS = 60_000;

/** Starts a rig; the agent is the real one in its own process, with one worker that is idle when this resolves. */
export async function startRig(contender: Contender): Promise<BenchRig> {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-bench-'));
  const redis = await startPrivateRedis({ parentDir: dir, password: 'bench', appendOnly: true });
  const comfy = await startComfyDouble({
    outputDirectory: join(dir, 'output'),
    inputDirectory: join(dir, 'input'),
    tempDirectory: join(dir, 'temp'),
  });
  const client = redis.client();
  const seen = new Arrivals(comfy);
  const random = createRandom(1);
  const peerEnd = new AbortController();
  let agent: AgentProcess | undefined;
  let peer: Promise<void> | undefined;
  if (contender === 'agent') agent = await startAgent(dir, redis.port, comfy.url, client);
  else peer = runPollingWorker(redis.client(), comfy.url, peerEnd.signal);
  peer?.catch(() => {});

  return {
    redis: client,
    async submit(workflow) {
      const id = random.uuid();
      const at = performance.now();
      await submitAsQueueManager(client, {
        id,
        userId: 'user001',
        workflow,
        priority: 2,
        createdAtMicros: Date.now() * 1000,
      });
      return { id, at };
    },
    promptSeen: (id) => seen.of(id),
    completed: (id) => until(async () => (await client.zscore(keys.completed, id)) !== null),
    async executions() {
      const history = historySchema.parse(await (await fetch(`${comfy.url}/history`)).json());
      const timeOf = (id: string, kind: string) =>
        history[id]?.status.messages.find(([name]) => name === kind)?.[1].timestamp;
      return Object.keys(history)
        .flatMap((id) => {
          const start = timeOf(id, 'execution_start');
          const end = timeOf(id, 'execution_success');
          return start === undefined || end === undefined ? [] : [{ start, end }];
        })
        .sort((a, b) => a.start - b.start);
    },
    async stop() {
      peerEnd.abort();
      await peer?.catch(() => {});
      await agent?.stop(3000);
      seen.close();
      await comfy.stop();
      await redis.stop();
      await endProcessesNaming(dir, 3000);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function startAgent(dir: string, port: number, comfyUrl: string, redis: Redis): Promise<AgentProcess> {
  mkdirSync(cardDirectory(join(dir, 'cards'), 0), { recursive: true });
  const agent = prepareAgent({
    dir,
    configuration: {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(port),
      REDIS_PASSWORD: 'bench',
      NUM_WORKERS: '1',
      AGENT_HOST_ID: 'bench',
      AGENT_STATE_DIR: join(dir, 'agent'),
      OUTPUTS_PATH: join(dir, 'outputs'),
      COMFYUI_URLS: comfyUrl,
      NVIDIA_SMI: resolve('resources/demo/nvidia-smi-double/nvidia-smi'),
    },
    environment: { WORKSHOP_CARDS_DIR: join(dir, 'cards') },
  });
  await agent.start();
  try {
    await until(async () => (await redis.get(keys.hostStatus('bench')))?.includes('"kind":"idle"') ?? false);
  } catch {
    await agent.kill();
    throw new Error(`The agent did not get its worker ready:\n${agent.lastWords()}`);
  }
  return agent;
}

/** When POST /prompt reached the double: taken at the first byte, in this very process. */
class Arrivals {
  private readonly requests: { request: IncomingMessage; at: number }[] = [];
  private readonly comfy: ComfyDouble;
  private readonly listener: ChannelListener;

  constructor(comfy: ComfyDouble) {
    this.comfy = comfy;
    this.listener = (message) => {
      if (typeof message !== 'object' || message === null || !('request' in message)) return;
      const { request } = message as { request: IncomingMessage };
      if (
        request.method === 'POST' &&
        request.url?.endsWith('/prompt') &&
        request.socket.localPort === comfy.port
      )
        this.requests.push({ request, at: performance.now() });
    };
    subscribe('http.server.request.start', this.listener);
  }

  /** One prompt is in flight at a time, so the newest request is the job's once the double knows its id. */
  async of(id: string): Promise<number> {
    await until(async () => this.comfy.bodyOf(id) !== undefined);
    const last = this.requests.at(-1);
    if (!last) throw new Error(`no POST /prompt was seen for ${id}`);
    return last.at;
  }

  close(): void {
    unsubscribe('http.server.request.start', this.listener);
  }
}

/** Looks every few milliseconds until `done`. @throws Error at the deadline. */
async function until(done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error('nothing happened for a minute');
    await new Promise((next) => setTimeout(next, 3));
  }
}

/** The value below which this share of the sample lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  n: number;
  peer?: { name: string; value: number };
}

/** A short run for a smoke test. */
export const isShort = process.env.BENCH_SHORT === '1';
