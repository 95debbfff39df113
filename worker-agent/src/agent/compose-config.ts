import { join, resolve } from 'node:path';
import { COMPOSE_DEFAULTS, type ComposeOptions, projectName } from '../runtime/compose/compose-options.ts';
import type { ConfigValues } from './config-keys.ts';

/** Tag of an image that is built here and was given no name. */
const BUILT_IMAGE = 'workshop-comfyui:local';

/**
 * The compose runtime's settings.
 * @param report told about each value that cannot be used; the result is then not to be used either.
 */
export function readComposeOptions(
  values: ConfigValues,
  host: { hostId: string; stateDir: string; maxWorkers: number },
  report: (key: 'COMFYUI_IMAGE' | 'DOCKER_HOST', value: string | null, problem: string) => void,
): ComposeOptions {
  const image = values.COMFYUI_IMAGE ?? (values.COMFYUI_BUILD ? BUILT_IMAGE : undefined);
  if (image === undefined) report('COMFYUI_IMAGE', null, 'is missing');
  const dockerHost = values.DOCKER_HOST ?? null;
  // Folders, ports and process ids are those of this machine, so a Docker elsewhere cannot serve.
  if (dockerHost !== null && !dockerHost.startsWith('unix://'))
    report('DOCKER_HOST', JSON.stringify(dockerHost.slice(0, 200)), 'is not a Docker of this machine');
  const path = (value: string | undefined) => (value === undefined ? null : resolve(value));
  const { WORKER_MEMORY_LIMIT: memoryMiB } = values;
  return {
    ...COMPOSE_DEFAULTS,
    project: values.COMPOSE_PROJECT ?? projectName(host.hostId),
    image: image ?? BUILT_IMAGE,
    buildContext: path(values.COMFYUI_BUILD),
    comfyDirectory: values.COMFYUI_DIRECTORY ?? COMPOSE_DEFAULTS.comfyDirectory,
    modelsPath: path(values.MODELS_PATH),
    inputsPath: resolve(values.INPUTS_PATH ?? join(host.stateDir, 'comfy-inputs')),
    // ComfyUI's raw files, one folder per worker; users' folders are elsewhere (OUTPUTS_PATH).
    outputsPath: join(host.stateDir, 'comfy-outputs'),
    customNodesPath: path(values.CUSTOM_NODES_PATH),
    stateDir: join(host.stateDir, 'compose'),
    maxWorkers: host.maxWorkers,
    defaultGpu: values.COMPOSE_GPU ?? COMPOSE_DEFAULTS.defaultGpu,
    memoryLimitBytes: memoryMiB === undefined ? null : Math.round(memoryMiB * 1024 ** 2),
    restartPolicy: values.WORKER_RESTART_POLICY ?? COMPOSE_DEFAULTS.restartPolicy,
    network: values.COMPOSE_NETWORK ?? COMPOSE_DEFAULTS.network,
    user: values.COMFYUI_USER ?? null,
    extraArgs: values.COMFYUI_ARGS ?? [],
    allowPlatformWorker: values.ALLOW_PLATFORM_WORKER ?? false,
    dockerHost,
  };
}
