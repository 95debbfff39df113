import { hostname } from 'node:os';
import { z } from 'zod';
import { queueModeSchema } from '../contract/desired.ts';
import { hostIdSchema, workerIdSchema } from '../contract/host.ts';
import { COMPOSE_KEYS } from './compose-keys.ts';
import { argv, commaList, filledIn, flag, seconds, sizeMiB, wholeNumber } from './config-values.ts';
import { key } from './key-spec.ts';
import { VPS_KEYS } from './vps-keys.ts';

const port = wholeNumber(1, 65535);
const host = filledIn.refine(
  (value) => /^[a-zA-Z0-9_.:-]{1,253}$/.test(value),
  'must be a host name or an IP address, without redis:// and without a port',
);
const url = z
  .string()
  .transform((text) => text.trim().replace(/\/+$/, ''))
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'is not an http:// URL');

/** Every key the agent reads: first the platform's names (contract 4.1), then our own. */
export const CONFIG_KEYS = {
  INFERENCE_SERVER_REDIS_HOST: key(host, 'Give the Tailscale address of the VPS (100.x.y.z).'),
  REDIS_HOST: key(host, 'Give the Tailscale address of the VPS (100.x.y.z).'),
  REDIS_PORT: key(port, 'Use the port of the platform’s Redis, normally 6379.'),
  APP_SERVER_REDIS_PORT: key(port, 'Use the port of the platform’s Redis, normally 6379.'),
  REDIS_PASSWORD: key(filledIn, 'Copy REDIS_PASSWORD from the .env of the VPS.', { secret: true }),
  REDIS_TLS: key(flag, 'Say true only if Redis is reached through TLS.'),
  REDIS_THROUGH: key(
    z
      .string()
      .trim()
      .toLowerCase()
      .pipe(z.enum(['direct', 'vps-ssh'])),
    'Say vps-ssh where this machine reaches the VPS by SSH only; REDIS_HOST is then the address as the VPS sees it.',
  ),
  NUM_WORKERS: key(
    wholeNumber(0, 64),
    'Give the number of workers to start with; the console changes it later.',
  ),
  QUEUE_MODE: key(
    z
      .string()
      .trim()
      .transform((text) => text.replace('-', '_'))
      .pipe(queueModeSchema),
    'Use the QUEUE_MODE of the VPS: fifo, priority, round_robin (or fair, which only the agent knows).',
  ),
  JOB_TIMEOUT: key(seconds(10, 604_800), 'Keep it equal to JOB_TIMEOUT on the VPS, in seconds.'),
  WORKER_HEARTBEAT_TIMEOUT: key(
    wholeNumber(5, 86_400, ' of seconds'),
    'Use 60 unless the VPS says otherwise.',
  ),
  WORKER_POLL_INTERVAL: key(seconds(0.2, 300), 'Use 2; new jobs are noticed at once in any case.'),
  WORKER_GPU_MEMORY_LIMIT: key(sizeMiB, 'Give the VRAM above which you want to be warned, such as 70G.'),
  LOG_LEVEL: key(
    z
      .string()
      .trim()
      .toLowerCase()
      .pipe(z.enum(['trace', 'debug', 'info', 'warn', 'warning', 'error', 'fatal', 'critical'])),
    'Use one of DEBUG, INFO, WARNING, ERROR.',
  ),
  MODELS_PATH: key(filledIn, 'Give the folder with the models on this machine.'),
  OUTPUTS_PATH: key(filledIn, 'Give the folder where finished files go; each user gets a folder inside.'),
  INPUTS_PATH: key(filledIn, 'Give the folder that ComfyUI reads inputs from, if it is on this machine.'),

  AGENT_HOST_ID: key(hostIdSchema, 'Give this machine a short name of letters, digits, dots, _ or -.'),
  WORKER_ID_PREFIX: key(
    workerIdSchema.max(60),
    'Give the part before the number in worker-1; must differ between GPU hosts.',
  ),
  RUNTIME: key(
    z.enum(['external', 'process', 'compose']),
    'Say how ComfyUI runs: external (servers already run), process (the agent starts them) or compose.',
  ),
  COMFYUI_URLS: key(
    commaList.pipe(z.array(url).min(1, 'names no server').max(64)),
    'List the ComfyUI servers with commas, e.g. http://127.0.0.1:8188,http://127.0.0.1:8189.',
  ),
  COMFYUI_COMMAND: key(
    argv,
    'Give the command that starts one ComfyUI server; {port}, {gpu} and {worker} are filled in.',
  ),
  COMFYUI_BASE_PORT: key(
    wholeNumber(1024, 65_000),
    'Worker 1 gets this port, worker 2 the next; normally 8188.',
  ),
  COMFYUI_OUTPUT_DIR: key(
    filledIn,
    'Give the folder where ComfyUI writes, if the agent can read it; {worker} is filled in. Leave it out to fetch files over HTTP.',
  ),
  GPU_IDS: key(
    commaList.pipe(
      z
        .array(
          z.string().regex(/^[a-zA-Z0-9/:-]{1,100}$/, 'holds something that is no GPU index, UUID or MIG id'),
        )
        .min(1, 'is empty'),
    ),
    'List GPU indexes, UUIDs or MIG ids with commas, e.g. 0,1; workers are dealt out to them in turn.',
  ),
  NVIDIA_SMI: key(argv, 'Give the path of nvidia-smi.'),
  AGENT_STATE_DIR: key(filledIn, 'Give a folder on a local disk that the agent may write to.'),
  LEASE_SECONDS: key(seconds(3, 600), 'Use 30.'),
  MAX_WORKERS: key(wholeNumber(1, 64), 'Give the most workers this machine may ever run.'),
  STOP_GRACE_SECONDS: key(
    seconds(0, 86_400),
    'Give how long a stop waits for running jobs before they go back to the queue, e.g. 600.',
  ),
  LOG_FILE: key(filledIn, 'Give the file for the log, or leave it out to write to standard output.'),
  LOG_FILE_SIZE: key(
    sizeMiB.refine((mib) => mib >= 0.0625 && mib <= 1024, 'must be from 64K to 1G'),
    'Give the size at which the log file is turned over, e.g. 10M.',
  ),
  LOG_FILE_COUNT: key(wholeNumber(1, 100), 'Give how many log files are kept, e.g. 5.'),
  ...COMPOSE_KEYS,
  ...VPS_KEYS,
} as const;

export type ConfigKey = keyof typeof CONFIG_KEYS;
export type ConfigValues = { [Key in ConfigKey]?: z.infer<(typeof CONFIG_KEYS)[Key]['schema']> };

/** This machine's name, made safe for a Redis key. */
export function defaultHostId(): string {
  return (
    hostname()
      .replaceAll(/[^a-zA-Z0-9_.-]/g, '-')
      .slice(0, 64) || 'gpu-host'
  );
}
