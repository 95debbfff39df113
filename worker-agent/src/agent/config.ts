import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { QueueMode } from '../contract/desired.ts';
import { WorkshopError } from '../contract/errors.ts';
import type { VpsPlace } from '../outputs/open-deliveries.ts';
import type { VpsAddress } from '../outputs/sftp/ssh-session.ts';
import type { ComposeOptions } from '../runtime/compose/compose-options.ts';
import { readComposeOptions } from './compose-config.ts';
import { CONFIG_KEYS, type ConfigKey, type ConfigValues, defaultHostId } from './config-keys.ts';
import { readEnvFile } from './env-file.ts';
import { readVps } from './vps-config.ts';

export interface RedisConfig {
  host: string;
  port: number;
  password: string | null;
  tls: boolean;
  /** The machine whose SSH leads there; null for directly. */
  through: VpsAddress | null;
}

/** How ComfyUI servers come to be on this host. */
export type RuntimeConfig =
  | { kind: 'external'; urls: string[] }
  | { kind: 'process'; command: string[] }
  | { kind: 'compose'; options: ComposeOptions };

export interface AgentConfig {
  hostId: string;
  workerIdPrefix: string;
  redis: RedisConfig;
  /** Workers wanted when nobody has said anything yet (contract 4.1 NUM_WORKERS). */
  initialWorkers: number;
  maxWorkers: number;
  queueMode: QueueMode;
  jobTimeoutMs: number;
  /** TTL of `worker:{id}:heartbeat`. */
  heartbeatTtlSeconds: number;
  /** Safety net behind the change feed. */
  pollIntervalMs: number;
  leaseMs: number;
  /** VRAM warning line; null = none set. */
  guardMiB: number | null;
  runtime: RuntimeConfig;
  basePort: number;
  gpuIds: string[];
  /** null = ask nvidia-smi from the PATH. */
  nvidiaSmi: string[];
  modelsPath: string | null;
  /** Root of the outputs on this machine; null = they go to the VPS only. */
  outputsPath: string | null;
  /** ComfyUI's input folder on this machine; null = inputs are uploaded to ComfyUI. */
  inputsPath: string | null;
  /** Where users' files are, when not on this machine. */
  vps: VpsPlace | null;
  /** How long the end of a job waits for the VPS. */
  deliveryWaitMs: number;
  /** Folder where a worker's ComfyUI writes, `{worker}` unfilled; null = fetch over HTTP. */
  comfyOutputDir: string | null;
  /** How long ComfyUI's raw files stay in a folder that is this agent's own (RUNTIME=compose). */
  keepRawMs: number;
  /** Runs although the platform's own worker.py runs on this machine. */
  allowPlatformWorker: boolean;
  /** How long a stop waits for running jobs before it gives them back. */
  stopGraceMs: number;
  log: LogConfig;
  stateDir: string;
}

export interface LogConfig {
  /** In pino's words. */
  level: string;
  /** null = standard output. */
  file: string | null;
  /** Size at which the file is turned over. */
  maxBytes: number;
  /** Files kept, the current one included. */
  count: number;
}

/** One configuration value that cannot be used. */
export interface ConfigProblem {
  key: string;
  /** As it was written; null when it is missing; masked when secret. */
  value: string | null;
  problem: string;
  remedy: string;
}

export type ConfigResult =
  | { kind: 'valid'; config: AgentConfig }
  | { kind: 'invalid'; problems: ConfigProblem[] };

/** The env file (if any) with the process environment over it. */
export function gatherEnvironment(
  envFile: string | undefined,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const merged: Record<string, string> = envFile ? readEnvFile(envFile) : {};
  for (const name of Object.keys(CONFIG_KEYS)) {
    const value = environment[name];
    if (value !== undefined) merged[name] = value;
  }
  return merged;
}

/** Reads the agent's configuration; every bad value is reported, not just the first. */
export function readConfig(source: Readonly<Record<string, string>>): ConfigResult {
  const problems: ConfigProblem[] = [];
  const values = parseValues(source, problems);
  const host = values.INFERENCE_SERVER_REDIS_HOST ?? values.REDIS_HOST;
  if (host === undefined && !problems.some((problem) => problem.key.endsWith('REDIS_HOST')))
    problems.push(missing('REDIS_HOST'));
  const hostId = values.AGENT_HOST_ID ?? defaultHostId();
  const stateDir = resolve(values.AGENT_STATE_DIR ?? join(homedir(), '.local', 'state', 'worker-agent'));
  const maxWorkers = workerCeiling(values);
  const runtime = readRuntime(values, { hostId, stateDir, maxWorkers }, problems);
  const vps = readVps(values, (name) => {
    if (!problems.some((known) => known.key === name)) problems.push(missing(name));
  });
  if (problems.length > 0 || host === undefined || runtime === undefined)
    return { kind: 'invalid', problems };

  return {
    kind: 'valid',
    config: {
      hostId,
      workerIdPrefix: values.WORKER_ID_PREFIX ?? 'worker',
      redis: {
        host,
        port: values.REDIS_PORT ?? values.APP_SERVER_REDIS_PORT ?? 6379,
        password: values.REDIS_PASSWORD ?? null,
        tls: values.REDIS_TLS ?? false,
        through: values.REDIS_THROUGH === 'vps-ssh' ? vps : null,
      },
      initialWorkers: values.NUM_WORKERS ?? 1,
      maxWorkers: runtime.kind === 'external' ? mostServed(runtime.urls, values.MAX_WORKERS) : maxWorkers,
      queueMode: values.QUEUE_MODE ?? 'fifo',
      jobTimeoutMs: values.JOB_TIMEOUT ?? 3_600_000,
      heartbeatTtlSeconds: values.WORKER_HEARTBEAT_TIMEOUT ?? 60,
      pollIntervalMs: values.WORKER_POLL_INTERVAL ?? 2000,
      leaseMs: values.LEASE_SECONDS ?? 30_000,
      guardMiB: values.WORKER_GPU_MEMORY_LIMIT ?? null,
      runtime,
      basePort: values.COMFYUI_BASE_PORT ?? 8188,
      gpuIds: values.GPU_IDS ?? [],
      nvidiaSmi: values.NVIDIA_SMI ?? ['nvidia-smi'],
      modelsPath: values.MODELS_PATH ?? null,
      outputsPath: outputsRoot(values, stateDir),
      inputsPath:
        runtime.kind === 'compose'
          ? runtime.options.inputsPath
          : values.INPUTS_PATH === undefined
            ? null
            : resolve(values.INPUTS_PATH),
      vps,
      deliveryWaitMs: values.DELIVERY_WAIT_SECONDS ?? 120_000,
      comfyOutputDir: values.COMFYUI_OUTPUT_DIR ?? null,
      keepRawMs: (values.COMFYUI_KEEP_HOURS ?? 24) * 3_600_000,
      allowPlatformWorker: values.ALLOW_PLATFORM_WORKER ?? false,
      stopGraceMs: values.STOP_GRACE_SECONDS ?? 600_000,
      log: {
        level: pinoLevel(values.LOG_LEVEL),
        file: values.LOG_FILE === undefined ? null : resolve(values.LOG_FILE),
        maxBytes: Math.round((values.LOG_FILE_SIZE ?? 10) * 1024 ** 2),
        count: values.LOG_FILE_COUNT ?? 5,
      },
      stateDir,
    },
  };
}

/** Loads and validates at once. @throws WorkshopError CONFIG whose message lists every bad value. */
export function loadConfig(envFile: string | undefined, environment: NodeJS.ProcessEnv): AgentConfig {
  const result = readConfig(gatherEnvironment(envFile, environment));
  if (result.kind === 'valid') return result.config;
  const lines = result.problems.map(describeProblem).join('\n');
  throw new WorkshopError('CONFIG', `The configuration is not valid:\n${lines}`);
}

/** One line for a person. */
export function describeProblem({ key, value, problem, remedy }: ConfigProblem): string {
  return `  ${key}${value === null ? '' : `=${value}`} ${problem}. ${remedy}`;
}

function parseValues(source: Readonly<Record<string, string>>, problems: ConfigProblem[]): ConfigValues {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(CONFIG_KEYS)) {
    const text = source[name];
    if (text === undefined) continue;
    const parsed = spec.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push({
        key: name,
        value: spec.secret || text.includes('PRIVATE KEY') ? mask(text) : JSON.stringify(text.slice(0, 200)),
        problem: parsed.error.issues[0]?.message ?? 'is not valid',
        remedy: spec.remedy,
      });
  }
  return values as ConfigValues;
}

/** With a VPS to deliver to, a second copy is kept here only where the host says so. */
function outputsRoot(values: ConfigValues, stateDir: string): string | null {
  if (values.OUTPUTS_PATH !== undefined) return resolve(values.OUTPUTS_PATH);
  return values.VPS_OUTPUTS_PATH === undefined ? join(stateDir, 'outputs') : null;
}

function mostServed(urls: readonly string[], told: number | undefined): number {
  return Math.min(urls.length, told ?? urls.length);
}

/** Most workers this machine may run: as told, and no more than its cards are meant to carry. */
function workerCeiling(values: ConfigValues): number {
  const { WORKERS_PER_GPU: perGpu, MAX_WORKERS: told } = values;
  const carried = perGpu === undefined ? undefined : perGpu * Math.max(1, values.GPU_IDS?.length ?? 0);
  return Math.min(told ?? carried ?? 8, carried ?? 64);
}

function readRuntime(
  values: ConfigValues,
  host: { hostId: string; stateDir: string; maxWorkers: number },
  problems: ConfigProblem[],
): RuntimeConfig | undefined {
  const kind = values.RUNTIME ?? (values.COMFYUI_COMMAND ? 'process' : 'external');
  if (kind === 'compose') {
    const options = readComposeOptions(values, host, (name, value, problem) => {
      if (!problems.some((known) => known.key === name))
        problems.push({ key: name, value, problem, remedy: CONFIG_KEYS[name].remedy });
    });
    return { kind, options };
  }
  if (kind === 'process') {
    if (values.COMFYUI_COMMAND) return { kind, command: values.COMFYUI_COMMAND };
    if (!problems.some((problem) => problem.key === 'COMFYUI_COMMAND'))
      problems.push(missing('COMFYUI_COMMAND'));
    return undefined;
  }
  if (values.COMFYUI_URLS) return { kind, urls: values.COMFYUI_URLS };
  if (!problems.some((problem) => problem.key === 'COMFYUI_URLS')) problems.push(missing('COMFYUI_URLS'));
  return undefined;
}

function missing(key: ConfigKey): ConfigProblem {
  return { key, value: null, problem: 'is missing', remedy: CONFIG_KEYS[key].remedy };
}

/** Enough to recognise a typo in, too little to use. */
function mask(secret: string): string {
  return secret.trim() === '' ? '""' : `<${secret.length} characters, hidden>`;
}

function pinoLevel(level: ConfigValues['LOG_LEVEL']): string {
  if (level === 'warning') return 'warn';
  if (level === 'critical') return 'fatal';
  return level ?? 'info';
}
