import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AgentProcess, prepareAgent } from './agent-process.ts';
import { encodePng } from './comfy-double/media.ts';
import { freePorts } from './free-port.ts';
import { auditJobs, type JobAudit } from './job-audit.ts';
import { cardDirectory } from './nvidia-smi-double/card.ts';
import { type GpuFault, setGpuFault } from './nvidia-smi-double/faults.ts';
import { endProcessesNaming } from './own-processes.ts';
import { type Crowd, startCrowd } from './participants/crowd.ts';
import { EXAMPLE_INPUT } from './participants/workflows.ts';
import { submitAsQueueManager } from './platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from './private-redis.ts';
import { listenForUpdates } from './update-listener.ts';

export interface DemoOptions {
  /** Reproduces the participants' day. Default 1. */
  seed?: number;
  /** Times faster than life, for participants and ComfyUI alike. Default 1. */
  speed?: number;
  /** Simulated participants. Default 20; 0 leaves the queue to the caller. */
  users?: number;
  /** Workers at the start. Default 2. */
  workers?: number;
  /** Most workers. Default 4 for each GPU. */
  maxWorkers?: number;
  /** Fictional H100 cards. Default 1. */
  gpus?: number;
  /** Submissions after which the participants stop; undefined = never. */
  submissions?: number;
  /** More configuration for the agent, over what the demo sets. */
  agentConfiguration?: Readonly<Record<string, string>>;
  /** File that runs as the agent. Default: its source. */
  agentEntry?: string;
  /** Share of samplings that run out of VRAM although there is room. Default 0.01. */
  oomRate?: number;
}

/** A whole workshop on this machine: Redis, agent, ComfyUI doubles, a card that is not there, participants. */
export interface DemoWorkshop {
  /** Everything lies in this folder, and every process of the workshop names it. */
  readonly dir: string;
  readonly hostId: string;
  readonly redis: PrivateRedis & { readonly password: string };
  readonly agent: AgentProcess;
  readonly crowd: Crowd;
  setGpuFault(fault: GpuFault): void;
  /** Submits one more job as the queue-manager does; the audit knows of it. @returns its id. */
  submit(job: { userId: string; workflow: string; priority?: 0 | 1 | 2 | 3 }): Promise<string>;
  /** Holds Redis against what the participants handed in. */
  audit(): Promise<JobAudit>;
  /**
   * Ends everything and removes the folder. Idempotent.
   * @param graceMs how long the agent may take at each of its two signals. Default 4000.
   */
  stop(graceMs?: number): Promise<void>;
  /** Ends a `stop` that takes too long: kills what is left. */
  stopNow(): Promise<void>;
}

const HERE = import.meta.dirname;
const HOST_ID = 'demo-h100';

/** Starts a workshop. @throws Error when Redis or the agent cannot be started; nothing is left behind then. */
export async function startDemoWorkshop(options: DemoOptions = {}): Promise<DemoWorkshop> {
  const { seed = 1, speed = 1, users = 20, workers = 2, gpus = 1 } = options;
  const maxWorkers = Math.max(workers, options.maxWorkers ?? 4 * gpus);
  const dir = mkdtempSync(join(tmpdir(), 'workshop-demo-'));
  const guardian = startGuardian(dir);
  const cards = join(dir, 'cards');
  for (let index = 0; index < gpus; index += 1) mkdirSync(cardDirectory(cards, index), { recursive: true });
  await writeExampleInput(join(dir, 'comfyui', 'input'));
  const password = `demo-${crypto.randomUUID()}`;

  let redis: PrivateRedis | undefined;
  let agent: AgentProcess | undefined;
  let crowd: Crowd | undefined;
  let stopped: Promise<void> | undefined;
  const stop = (graceMs = 4000) => {
    stopped ??= (async () => {
      await crowd?.stop();
      await agent?.stop(graceMs);
      await redis?.stop();
      guardian.stdin.end();
      await removeAll(dir);
    })();
    return stopped;
  };
  const stopNow = async () => {
    await endProcessesNaming(dir, 5000);
    await stop(0);
  };

  try {
    redis = await startPrivateRedis({ password, appendOnly: true, parentDir: dir });
    const basePort = await freePorts(maxWorkers);
    agent = prepareAgent({
      dir,
      configuration: {
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: String(redis.port),
        REDIS_PASSWORD: password,
        NUM_WORKERS: String(workers),
        MAX_WORKERS: String(maxWorkers),
        WORKER_GPU_MEMORY_LIMIT: '76G',
        AGENT_HOST_ID: HOST_ID,
        AGENT_STATE_DIR: join(dir, 'agent'),
        OUTPUTS_PATH: join(dir, 'outputs'),
        COMFYUI_OUTPUT_DIR: join(dir, 'comfyui', '{worker}', 'output'),
        RUNTIME: 'process',
        COMFYUI_COMMAND: comfyCommand({ dir, cards, speed, oomRate: options.oomRate ?? 0.01 }),
        COMFYUI_BASE_PORT: String(basePort),
        GPU_IDS: Array.from({ length: gpus }, (_, index) => String(index)).join(','),
        NVIDIA_SMI: quoted(join(HERE, 'nvidia-smi-double', 'nvidia-smi')),
        ...options.agentConfiguration,
      },
      environment: { WORKSHOP_CARDS_DIR: cards, WORKSHOP_CARDS: String(gpus) },
      ...(options.agentEntry === undefined ? {} : { entry: resolve(options.agentEntry) }),
    });
    await agent.start();
    crowd = await startCrowd({
      redis: { port: redis.port, password },
      users,
      seed,
      speed,
      ...(options.submissions === undefined ? {} : { limit: options.submissions }),
    });
    const reader = redis.client();
    const updates = await listenForUpdates(redis.client());
    return {
      dir,
      hostId: HOST_ID,
      redis: Object.assign(redis, { password }),
      agent,
      crowd,
      setGpuFault: (fault) => setGpuFault(cards, fault),
      submit: async ({ userId, workflow, priority = 2 }) => {
        const id = crypto.randomUUID();
        const createdAtMicros = Date.now() * 1000;
        await submitAsQueueManager(reader, { id, userId, workflow, priority, createdAtMicros });
        crowd?.ledger.add({ id, userId, choice: 'own', state: 'accepted' });
        return id;
      },
      audit: () => auditJobs(reader, crowd?.ledger.all() ?? [], updates),
      stop,
      stopNow,
    };
  } catch (cause) {
    await stop(500);
    throw cause;
  }
}

function comfyCommand(demo: { dir: string; cards: string; speed: number; oomRate: number }): string {
  return [
    ...[process.execPath, join(HERE, 'comfy-double', 'main.ts'), '--port', '{port}'],
    ...['--speed', String(demo.speed), '--oom-rate', String(demo.oomRate)],
    ...['--vram-file', join(demo.cards, 'gpu{gpu}', '{worker}.json')],
    ...['--output-directory', join(demo.dir, 'comfyui', '{worker}', 'output')],
    ...['--temp-directory', join(demo.dir, 'comfyui', '{worker}', 'temp')],
    ...['--input-directory', join(demo.dir, 'comfyui', 'input')],
  ]
    .map(quoted)
    .join(' ');
}

/** Cleans up after us should we be killed: its stdin closes with us. */
function startGuardian(dir: string) {
  const guardian = spawn(process.execPath, ['--no-warnings', join(HERE, 'guardian.ts'), dir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guardian.stdin.on('error', () => {});
  guardian.unref();
  return guardian;
}

/** The picture that upscaling starts from. */
async function writeExampleInput(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const image = { kind: 'IMAGE', width: 768, height: 512, batch: 1, seed: 20n } as const;
  writeFileSync(join(folder, EXAMPLE_INPUT), await encodePng(image));
}

/** One word of the agent's command line settings. */
function quoted(word: string): string {
  return /[\s"\\]/.test(word) ? `"${word.replaceAll(/["\\]/g, '\\$&')}"` : word;
}

/** A process that was just killed may still have written its last file. */
async function removeAll(dir: string): Promise<void> {
  await endProcessesNaming(dir, 5000);
  await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}
