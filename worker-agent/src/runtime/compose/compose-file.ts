import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { WorkshopError } from '../../contract/errors.ts';
import type { Slot } from '../roles.ts';
import type { ComposeOptions } from './compose-options.ts';
import { CUSTOM_NODES_TARGET, MODELS_TARGET, modelsFolder } from './model-paths.ts';

/** Labels on our containers. The settings label lets a new agent see that a running server is what it would start. */
export const LABELS = {
  worker: 'workshop-console.worker',
  settings: 'workshop-console.settings',
} as const;

/** Port on which ComfyUI listens inside a container with its own network. */
const INNER_PORT = 8188;

/** One service of the compose file, in the words that compose 1.28+ and v2 share. */
export interface ComposeService {
  readonly [key: string]: unknown;
  readonly labels: Readonly<Record<string, string>>;
}

/** Folders that belong to one worker or to all of them, on the host. */
export function hostFolders(options: ComposeOptions, workerId: string) {
  return {
    output: join(options.outputsPath, workerId),
    user: join(options.stateDir, 'workers', workerId, 'user'),
    config: join(options.stateDir, 'config'),
    input: options.inputsPath,
    models: options.modelsPath === null ? null : modelsFolder(options.modelsPath),
    customNodes: options.customNodesPath,
  };
}

/** Name of a worker's container (contract 3.4.7). */
export function containerName(project: string, workerId: string): string {
  return `${project}-${workerId}`;
}

/**
 * One worker's ComfyUI as a service, and nothing else: no claimer, no Redis, no queue-manager (contract 3.4).
 * @param memoryLimitBytes RAM limit of the container, which is not VRAM (contract 3.2).
 * @throws WorkshopError CONFIG when the extra environment would carry a secret into ComfyUI.
 */
export function composeService(
  options: ComposeOptions,
  slot: Slot,
  memoryLimitBytes: number | null,
): ComposeService {
  const folders = hostFolders(options, slot.workerId);
  const onHostNetwork = options.network === 'host';
  const bind = (source: string, target: string, readOnly = false) => ({
    type: 'bind',
    source,
    target,
    ...(readOnly ? { read_only: true } : {}),
  });
  const innerPort = onHostNetwork ? slot.port : INNER_PORT;
  const settings = {
    image: options.image,
    container_name: containerName(options.project, slot.workerId),
    // As entrypoint, so that an image whose entrypoint starts the platform's worker.py cannot do so.
    entrypoint: ['python3', 'main.py'],
    command: [
      ...['--listen', onHostNetwork ? '127.0.0.1' : '0.0.0.0', '--port', String(innerPort)],
      ...['--output-directory', '/outputs', '--input-directory', '/inputs', '--user-directory', '/user'],
      // Versions from 0.3x on exit when two servers share one database (contract 3.4.8).
      ...['--database-url', 'sqlite:////user/comfyui.db'],
      ...['--extra-model-paths-config', '/config/extra_model_paths.yaml'],
      ...options.extraArgs,
    ],
    working_dir: options.comfyDirectory,
    // Python as process 1 would not hear SIGTERM; this also reaps what custom nodes leave behind.
    init: true,
    restart: options.restartPolicy,
    stop_grace_period: `${Math.ceil(options.stopGraceMs / 1000)}s`,
    ...(options.user === null ? {} : { user: options.user }),
    environment: { PYTHONUNBUFFERED: '1', ...withoutSecrets(options.extraEnvironment) },
    volumes: [
      bind(folders.output, '/outputs'),
      bind(folders.input, '/inputs'),
      bind(folders.user, '/user'),
      bind(folders.config, '/config', true),
      ...(folders.models === null ? [] : [bind(folders.models, MODELS_TARGET, true)]),
      ...(folders.customNodes === null ? [] : [bind(folders.customNodes, CUSTOM_NODES_TARGET)]),
    ],
    ...(onHostNetwork ? { network_mode: 'host' } : { ports: [`127.0.0.1:${slot.port}:${INNER_PORT}`] }),
    healthcheck: {
      test: [
        ...['CMD', 'python3', '-c'],
        `import urllib.request as u;u.urlopen('http://127.0.0.1:${innerPort}/system_stats',timeout=8)`,
      ],
      interval: '30s',
      timeout: '10s',
      retries: 10,
      start_period: '300s',
    },
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } },
    security_opt: ['no-new-privileges:true'],
    ...(memoryLimitBytes === null ? {} : { mem_limit: memoryLimitBytes }),
    ...gpuReservation(slot.gpu, options.defaultGpu),
  };
  const hash = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
  return { ...settings, labels: { [LABELS.worker]: slot.workerId, [LABELS.settings]: hash } };
}

/** `device_ids` takes an index, a GPU UUID or a MIG UUID, and excludes `count` (contract 3.4.6). */
function gpuReservation(gpu: string | null, fallback: ComposeOptions['defaultGpu']) {
  if (gpu === null && fallback === 'none') return {};
  const which = gpu === null ? { count: 'all' } : { device_ids: [gpu] };
  return {
    deploy: {
      resources: { reservations: { devices: [{ driver: 'nvidia', ...which, capabilities: ['gpu'] }] } },
    },
  };
}

/** Custom nodes run arbitrary code, so nothing secret may be in their environment (contract 3.4.7). */
function withoutSecrets(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const secret = Object.keys(environment).find((name) =>
    /^REDIS_|PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL/i.test(name),
  );
  if (secret !== undefined)
    throw new WorkshopError('CONFIG', `${secret} looks like a secret and is not handed to ComfyUI.`, {
      remedy: 'Take it out of the environment for ComfyUI: custom nodes can read all of it.',
    });
  return environment;
}

/**
 * The compose file's text. It has no `version` and no `name`: 1.28+ and v2 both take it so, and the project is given
 * on the command line. Every string is quoted, since 1.29 reads YAML 1.1, where a bare `no` is a boolean.
 */
export function composeFileText(services: ReadonlyMap<string, ComposeService>): string {
  const note = '# Written by worker-agent at every change; edits are lost.\n';
  const file = { services: Object.fromEntries(services) };
  return (
    note +
    stringify(escapeDollars(file), {
      version: '1.1',
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'PLAIN',
      lineWidth: 0,
    })
  );
}

/** Compose replaces `$NAME` in every value from the environment; `$$` is a plain dollar sign. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escapeDollars);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapeDollars(inner)]));
  return value;
}
