/** One life of the server process: all that a restart loses, wired together. */

import { randomUUID } from 'node:crypto';
import { ExecutionClock } from './clock.ts';
import { PromptExecutor } from './executor.ts';
import type { Faults } from './faults.ts';
import type { Route } from './http.ts';
import { DEMO_MODELS } from './models.ts';
import { createNodeCatalogue } from './nodes.ts';
import type { ComfyDoubleOptions } from './options.ts';
import type { ComfyFolders } from './output-files.ts';
import { PromptQueue } from './prompt-queue.ts';
import { PromptWorker } from './prompt-worker.ts';
import { fileRoutes } from './routes-files.ts';
import { infoRoutes, LogBook, serverFeatures } from './routes-info.ts';
import { jobsRoutes } from './routes-jobs.ts';
import { promptRoutes } from './routes-prompt.ts';
import { SocketHub } from './socket-hub.ts';
import type { VersionTraits } from './versions.ts';
import { Card, MEBIBYTE } from './vram.ts';

export interface Life {
  readonly queue: PromptQueue;
  readonly hub: SocketHub;
  readonly clock: ExecutionClock;
  readonly worker: PromptWorker;
  readonly card: Card;
  readonly routes: readonly Route[];
}

export interface LifeEnvironment {
  readonly options: ComfyDoubleOptions;
  readonly traits: VersionTraits;
  readonly folders: ComfyFolders;
  readonly faults: Faults;
  readonly random: () => number;
  readonly port: () => number;
  readonly crash: () => void;
  readonly recordBody: (promptId: string, body: Buffer) => void;
}

export function beginLife(env: LifeEnvironment, firstNumber: number): Life {
  const { options, traits, folders, faults, random } = env;
  const models = options.models ?? DEMO_MODELS;
  const nodes = createNodeCatalogue(models);
  const clock = new ExecutionClock(options.speed ?? 1, options.manualTime);
  const now = () => clock.now;
  const card = new Card({
    vramTotal: options.vramTotal ?? 81559 * MEBIBYTE,
    contextBytes: 520 * MEBIBYTE,
    vramFile: options.vramFile,
    oomRate: options.oomRate ?? 0,
    random,
  });
  const queueStatus = () => ({ exec_info: { queue_remaining: queue.tasksRemaining } });
  const hub: SocketHub = new SocketHub({
    serverFlags: () => serverFeatures(traits),
    greeting: (sid) => ({ status: queueStatus(), sid }),
    currentNode: (sid) => (executor.state.clientId === sid ? executor.state.lastNodeId : undefined),
    crash: env.crash,
    abortNoticeMs: options.abortNoticeMs ?? 50,
    newSid: () => randomUUID().replaceAll('-', ''),
  });
  const queue: PromptQueue = new PromptQueue(() => hub.send('status', { status: queueStatus() }));
  const executor = new PromptExecutor({
    nodes,
    traits,
    folders,
    hub,
    clock,
    card,
    now,
    random,
    // A node keeps the GIL: requests wait, frames wait (recording 16).
    holdGil: () => {
      const releases = [faults.hangHttp(), hub.hold()];
      return () => {
        for (const release of releases) release();
      };
    },
    modelLoadDelay: () => faults.modelLoadDelay,
    nextFailure: () => faults.nextFailure(),
  });
  const logs = new LogBook(hub, traits);
  const worker = new PromptWorker({
    queue,
    executor,
    hub,
    clock,
    historyDelay: () => options.historyDelayMs ?? (random() < 0.05 ? 3 : 0),
    log: (message) => logs.add(message, true),
  });
  const interrupt = () => executor.interrupt();
  let nextNumber = firstNumber;
  const takeNumber = () => {
    nextNumber += 1;
    return nextNumber - 1;
  };
  const routes = [
    ...promptRoutes({
      traits,
      nodes,
      folders,
      queue,
      now,
      takeNumber,
      interrupt,
      free: (unloadModels, freeMemory) => worker.requestFree(unloadModels, freeMemory),
      log: (message) => logs.add(message),
      wake: () => worker.wake(),
      recordBody: env.recordBody,
      refusal: () => faults.refusal(),
    }),
    ...jobsRoutes({ traits, queue, interrupt }),
    ...fileRoutes(folders, traits),
    ...infoRoutes({
      traits,
      nodes,
      folders,
      models,
      card,
      device: options.device ?? 'cuda',
      port: env.port,
      logs,
    }),
  ];
  return { queue, hub, clock, worker, card, routes };
}
