import { WorkshopError } from '../../contract/errors.ts';
import type { Runtime, Slot } from '../roles.ts';
import { BringUp } from './bring-up.ts';
import { hostFolders, LABELS } from './compose-file.ts';
import type { ComposeOptions } from './compose-options.ts';
import { ComposeServer } from './compose-server.ts';
import { COMPOSE_TIMING, type ComposeTiming } from './compose-timing.ts';
import { workerContainers } from './container.ts';
import { followContainerEvents } from './container-events.ts';
import { createDocker, type Docker } from './docker.ts';
import { removeContainer, stopContainer } from './stop-container.ts';

export interface ComposeRuntimeNeeds {
  /** One line about what the runtime does. Default: nowhere. */
  log?: (message: string) => void;
  /** Whether the slot's GPU computes now, from nvidia-smi; null when unknown, which is the default. */
  gpuBusy?: (slot: Slot) => Promise<boolean | null>;
  timing?: Partial<ComposeTiming>;
  /** Default: the docker command of the PATH. */
  docker?: Docker;
}

/** Runs each worker's ComfyUI in a container of its own, by a compose file that the agent writes (contract 3.4). */
export class ComposeRuntime implements Runtime {
  readonly kind = 'compose';
  readonly maxWorkers: number;
  readonly #options: ComposeOptions;
  readonly #needs: ComposeRuntimeNeeds;
  readonly #docker: Docker;
  readonly #bringUp: BringUp;
  readonly #servers = new Map<string, ComposeServer>();
  #events: ReturnType<typeof followContainerEvents> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ComposeOptions, needs: ComposeRuntimeNeeds = {}) {
    this.maxWorkers = options.maxWorkers;
    this.#options = options;
    this.#needs = needs;
    this.#docker = needs.docker ?? createDocker({ host: options.dockerHost });
    this.#bringUp = new BringUp(this.#docker, options);
  }

  /**
   * Takes the worker's running container over as it is, or brings one up. Returns at once; how far it is, and what went
   * wrong, is the server's state. A failed start is tried again by itself.
   * @throws WorkshopError WRONG_STATE after `close`.
   */
  async start(slot: Slot): Promise<ComposeServer> {
    if (this.#closing) throw new WorkshopError('WRONG_STATE', 'The compose runtime is closed.');
    const { workerId } = slot;
    await this.#servers.get(workerId)?.release();
    this.#events ??= followContainerEvents(
      this.#docker,
      this.#options.project,
      (event) => this.#servers.get(event.workerId)?.noticed(event),
      () => {
        for (const server of this.#servers.values()) server.lookAgain();
      },
    );
    const server = new ComposeServer(slot, {
      docker: this.#docker,
      bringUp: this.#bringUp,
      project: this.#options.project,
      stopGraceMs: this.#options.stopGraceMs,
      timing: { ...COMPOSE_TIMING, ...this.#needs.timing },
      gpuBusy: this.#needs.gpuBusy ?? (async () => null),
      log: this.#needs.log ?? (() => {}),
    });
    this.#servers.set(workerId, server);
    return server;
  }

  /** Folder on this machine where the worker's ComfyUI writes its output. */
  outputDirectory(workerId: string): string {
    return hostFolders(this.#options, workerId).output;
  }

  /**
   * Workers whose container exists on this machine, whoever started it: an agent that comes back can take over those
   * that it still wants, and drain or stop the others. @throws WorkshopError RUNTIME_START.
   */
  async existing(): Promise<string[]> {
    const containers = await workerContainers(this.#docker, this.#options.project);
    return containers.flatMap(({ labels }) => labels[LABELS.worker] ?? []).sort();
  }

  /** Stops and removes the container of a worker that has no server here. @throws WorkshopError RUNTIME_START. */
  async remove(workerId: string, graceMs: number): Promise<void> {
    for (const container of await workerContainers(this.#docker, this.#options.project)) {
      if (container.labels[LABELS.worker] !== workerId) continue;
      await stopContainer(this.#docker, container.id, graceMs);
      await removeContainer(this.#docker, container.id);
    }
  }

  /** Lets the containers go on by themselves: the next agent finds them, with their jobs. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled([...this.#servers.values()].map((server) => server.release()));
      await this.#events?.close();
      this.#servers.clear();
    })();
    return this.#closing;
  }
}
