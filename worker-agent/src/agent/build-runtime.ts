import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Logger } from 'pino';
import { isGpuBusy } from '../gpu/gpu-busy.ts';
import type { GpuReader } from '../gpu/roles.ts';
import { extraModelPaths, foldersIn, modelsFolder } from '../runtime/compose/model-paths.ts';
import { createRuntime } from '../runtime/create-runtime.ts';
import type { Runtime } from '../runtime/roles.ts';
import type { AgentConfig } from './config.ts';

export interface BuiltRuntime {
  runtime: Runtime;
  /** Folder where a worker's ComfyUI writes, if it can be read here; undefined = fetch files over HTTP. */
  comfyOutputDir: ((workerId: string) => string) | undefined;
  /** Root of the raw files when it is this agent's own to clear; null = it belongs to someone else. */
  ownRawRoot: string | null;
  /** Folder from which the servers read inputs, if it is on this machine; null = upload them. */
  inputsPath: string | null;
}

/** The runtime that the configuration names, and where its servers leave their files. */
export function buildRuntime(
  config: Pick<
    AgentConfig,
    'runtime' | 'maxWorkers' | 'stateDir' | 'comfyOutputDir' | 'inputsPath' | 'modelsPath'
  >,
  gpu: Pick<GpuReader, 'reading'>,
  log: Logger,
): BuiltRuntime {
  const { runtime: choice, comfyOutputDir, maxWorkers, stateDir } = config;
  const runtime = createRuntime(choice, {
    maxWorkers,
    stateDir,
    log: (message) => log.info(message),
    gpuBusy: async (slot) => isGpuBusy(gpu.reading().gpus, slot.gpu),
  });
  if (choice.kind === 'compose')
    return {
      runtime,
      comfyOutputDir: (workerId) => join(choice.options.outputsPath, workerId),
      ownRawRoot: choice.options.outputsPath,
      inputsPath: choice.options.inputsPath,
    };
  if (choice.kind === 'process') writeModelPaths(choice.command, config);
  return {
    runtime,
    ownRawRoot: ownRawRoot(config),
    inputsPath: config.inputsPath,
    comfyOutputDir:
      comfyOutputDir === null ? undefined : (workerId) => comfyOutputDir.replaceAll('{worker}', workerId),
  };
}

/** The file that tells a ComfyUI of this machine where MODELS_PATH is, if its command names it. */
function writeModelPaths(
  command: readonly string[],
  { modelsPath, stateDir }: Pick<AgentConfig, 'modelsPath' | 'stateDir'>,
): void {
  const path = join(stateDir, 'comfyui', 'extra_model_paths.yaml');
  if (modelsPath === null || !command.includes(path)) return;
  const folder = modelsFolder(resolve(modelsPath));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, extraModelPaths(foldersIn(folder), false, folder));
}

/** A folder a worker below the agent's own state is nobody else's; one that ComfyUI writes into for others is left alone. */
function ownRawRoot({
  comfyOutputDir,
  stateDir,
  runtime,
}: Pick<AgentConfig, 'comfyOutputDir' | 'stateDir' | 'runtime'>): string | null {
  if (runtime.kind !== 'process' || comfyOutputDir === null || basename(comfyOutputDir) !== '{worker}')
    return null;
  const root = resolve(dirname(comfyOutputDir));
  return root.startsWith(`${stateDir}${sep}`) ? root : null;
}
