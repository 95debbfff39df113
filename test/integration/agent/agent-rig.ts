import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { type AgentProcess, prepareAgent } from '../../../resources/demo/agent-process.ts';
import {
  type ComfyDouble,
  type ComfyDoubleOptions,
  startComfyDouble,
} from '../../../resources/demo/comfy-double/server.ts';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { type Command, type Reply, replySchema } from '../../../worker-agent/src/contract/command.ts';
import { type DesiredState, desiredStateSchema } from '../../../worker-agent/src/contract/desired.ts';
import { type AgentEvent, agentEventSchema } from '../../../worker-agent/src/contract/event.ts';
import { type HostStatus, hostStatusSchema } from '../../../worker-agent/src/contract/host.ts';
import { keys, STREAM_FIELD } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';

const HOST = 'rig';
const PASSWORD = 'rig-password';
const PATIENCE_MS = 40_000;

export interface AgentRigOptions {
  /** ComfyUI doubles; default 1. */
  servers?: number;
  /** NUM_WORKERS; default all servers. */
  workers?: number;
  configuration?: Record<string, string>;
  appendOnly?: boolean;
  speed?: number;
  /** More for every ComfyUI double. */
  double?: ComfyDoubleOptions;
  /** Folder that stands for the one card that all servers share; each counts what the others hold. */
  card?: string;
  /** More for the agent's process environment. */
  environment?: Record<string, string>;
  /** File that Node runs as the agent; default its source. */
  entry?: string;
  /** Leave the agent for the test to start. */
  started?: boolean;
}

/** A job as it stands in Redis, as far as the tests look at it. */
export interface StoredJob {
  status: string;
  error: string | null;
  worker_id: string | null;
  started_at: string | null;
  completed_at: string | null;
  result: { outputs: Record<string, Record<string, { filename: string; subfolder: string }[]>> } | null;
}

/** The real agent in its own process, a real Redis, ComfyUI doubles. */
export interface AgentRig {
  readonly dir: string;
  readonly redis: PrivateRedis;
  readonly client: Redis;
  readonly comfy: ComfyDouble[];
  readonly agent: AgentProcess;
  submit(workflow: string, options?: { user?: string; id?: string }): Promise<string>;
  job(id: string): Promise<StoredJob>;
  /** Waits until the job has that status. */
  reached(id: string, status: string): Promise<StoredJob>;
  hostStatus(): Promise<HostStatus>;
  /** Waits until each worker's state kind is as listed. */
  workersAre(...kinds: string[]): Promise<HostStatus>;
  events(): Promise<AgentEvent[]>;
  want(change: Partial<Pick<DesiredState, 'workers' | 'drained'>>): Promise<void>;
  hold(held: boolean): Promise<void>;
  command(request: Command['request'], expiresInMs?: number): Promise<Reply>;
  /** How often each prompt id was given to a ComfyUI. */
  submissions(id: string): number;
  /** Number of queues that the job's id stands in, and which. */
  queuesOf(id: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startAgentRig(options: AgentRigOptions = {}): Promise<AgentRig> {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-agent-'));
  const redis = await startPrivateRedis({
    parentDir: dir,
    password: PASSWORD,
    appendOnly: options.appendOnly ?? false,
  });
  const client = redis.client();
  const count = options.servers ?? 1;
  const comfy = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      startComfyDouble({
        speed: options.speed ?? 1,
        ...options.double,
        ...(options.card !== undefined && { vramFile: join(options.card, `server-${index}.json`) }),
      }),
    ),
  );
  const agent = prepareAgent({
    dir,
    ...(options.entry !== undefined && { entry: options.entry }),
    configuration: {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: PASSWORD,
      NUM_WORKERS: String(options.workers ?? count),
      AGENT_HOST_ID: HOST,
      AGENT_STATE_DIR: join(dir, 'state'),
      OUTPUTS_PATH: join(dir, 'outputs'),
      ...(count > 0 && { COMFYUI_URLS: comfy.map((server) => server.url).join(',') }),
      NVIDIA_SMI: join(dir, 'no-nvidia-smi'),
      LEASE_SECONDS: '5',
      ...options.configuration,
    },
    ...(options.environment && { environment: options.environment }),
  });
  if (options.started !== false) await agent.start();

  const readStatus = async () => {
    const text = await client.get(keys.hostStatus(HOST));
    return text === null ? undefined : hostStatusSchema.parse(JSON.parse(text));
  };
  let submittedAt = 0;
  const rig: AgentRig = {
    dir,
    redis,
    client,
    comfy,
    agent,
    async submit(workflow, { user = 'user001', id = randomUUID() } = {}) {
      // Two of one millisecond would stand in the order of their ids.
      submittedAt = Math.max(submittedAt + 1, Date.now() * 1000);
      await submitAsQueueManager(client, {
        id,
        userId: user,
        workflow,
        priority: 2,
        createdAtMicros: submittedAt,
      });
      return id;
    },
    async job(id) {
      const text = await client.get(keys.job(id));
      if (text === null) throw new Error(`job ${id} is gone`);
      const job: StoredJob = JSON.parse(text);
      return job;
    },
    reached: (id, status) =>
      eventually(`job ${id} ${status}`, agent, async () => {
        const job = await rig.job(id);
        return job.status === status ? job : undefined;
      }),
    hostStatus: () => eventually('a status', agent, readStatus),
    workersAre: (...kinds) =>
      eventually(`workers ${kinds}`, agent, async () => {
        const status = await readStatus();
        const now = status?.workers.map((worker) => worker.state.kind).join(' ');
        return status && now === kinds.join(' ') ? status : undefined;
      }),
    async events() {
      const entries = await client.xrange(keys.events, '-', '+');
      return entries.map(([, fields]) =>
        agentEventSchema.parse(JSON.parse(fields[fields.indexOf(STREAM_FIELD) + 1] ?? '')),
      );
    },
    async want(change) {
      const key = keys.hostDesired(HOST);
      const before = await eventually('a desired state', agent, async () => {
        const text = await client.get(key);
        return text === null ? undefined : desiredStateSchema.parse(JSON.parse(text));
      });
      const next: DesiredState = { ...before, ...change, revision: before.revision + 1, by: 'test' };
      await client.set(key, JSON.stringify(next));
    },
    async hold(held) {
      const document = { heldUsers: [], mode: null, nextTurn: null };
      const revision = Date.now();
      await client.set(
        keys.control,
        JSON.stringify({ protocol: PROTOCOL_VERSION, revision, at: revision, by: 'test', held, ...document }),
      );
    },
    async command(request, expiresInMs = 10_000) {
      const id = randomUUID();
      const [seconds] = await client.time();
      const command: Command = {
        protocol: PROTOCOL_VERSION,
        id,
        by: 'test',
        expiresAt: Number(seconds) * 1000 + expiresInMs,
        request,
      };
      await client.xadd(keys.hostCommands(HOST), '*', STREAM_FIELD, JSON.stringify(command));
      return eventually('a reply', agent, async () => {
        const text = await client.get(keys.reply(id));
        return text === null ? undefined : replySchema.parse(JSON.parse(text));
      });
    },
    submissions: (id) =>
      comfy.flatMap((server) => server.promptBodies).filter((body) => body.promptId === id).length,
    async queuesOf(id) {
      const queues = [keys.pending, keys.running, keys.completed, keys.failed];
      const scores = await Promise.all(queues.map((queue) => client.zscore(queue, id)));
      return queues.filter((_, at) => scores[at] !== null);
    },
    async stop() {
      await agent.kill();
      await Promise.all(comfy.map((server) => server.stop()));
      await redis.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return rig;
}

/** Waits for a value with a deadline; a failure shows the agent's last words. */
export async function eventually<T>(
  what: string,
  agent: AgentProcess,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await look();
      if (value !== undefined) return value;
    } catch (cause) {
      last = cause;
    }
    await wait(15);
  }
  throw new Error(`no ${what} in time. ${last ?? ''}\n${agent.lastWords()}`);
}

/** Makes one image in `seconds`. */
export function slowImage(seconds: number, seed = '18446744073709551615'): string {
  return (
    `{"1":{"inputs":{"seconds":${seconds},"steps":10,"seed":${seed},"mode":"plain"},"class_type":"SlowImage"},` +
    '"2":{"inputs":{"filename_prefix":"rig","images":["1",0]},"class_type":"SaveImage"}}'
  );
}

export function failingImage(message: string): string {
  return (
    `{"1":{"inputs":{"message":${JSON.stringify(message)},"seed":1},"class_type":"FailImage"},` +
    '"2":{"inputs":{"filename_prefix":"rig","images":["1",0]},"class_type":"SaveImage"}}'
  );
}

export function oomImage(): string {
  return (
    '{"1":{"inputs":{"kind":"torch","seed":1},"class_type":"OomImage"},' +
    '"2":{"inputs":{"filename_prefix":"rig","images":["1",0]},"class_type":"SaveImage"}}'
  );
}

/** Bytes of a delivered file; undefined when it is not there. */
export function delivered(rig: AgentRig, file: { filename: string; subfolder: string }): Buffer | undefined {
  const path = join(rig.dir, 'outputs', file.subfolder, file.filename);
  return existsSync(path) ? readFileSync(path) : undefined;
}
