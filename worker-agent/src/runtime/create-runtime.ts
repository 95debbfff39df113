import type { ComposeOptions } from './compose/compose-options.ts';
import { ComposeRuntime, type ComposeRuntimeNeeds } from './compose/compose-runtime.ts';
import { externalRuntime } from './external.ts';
import { processRuntime } from './process.ts';
import type { Runtime } from './roles.ts';

export type RuntimeChoice =
  | { kind: 'external'; urls: readonly string[] }
  | { kind: 'process'; command: readonly string[] }
  | { kind: 'compose'; options: ComposeOptions };

/** Makes the runtime that the configuration names; nothing is started yet. */
export function createRuntime(
  choice: RuntimeChoice,
  common: { maxWorkers: number; stateDir: string } & Pick<ComposeRuntimeNeeds, 'log' | 'gpuBusy'>,
): Runtime {
  const { maxWorkers, stateDir, log, gpuBusy } = common;
  switch (choice.kind) {
    case 'external':
      return externalRuntime({ urls: choice.urls.slice(0, maxWorkers) });
    case 'process':
      return processRuntime({ command: choice.command, maxWorkers, stateDir });
    case 'compose':
      return new ComposeRuntime(choice.options, { ...(log && { log }), ...(gpuBusy && { gpuBusy }) });
  }
}
