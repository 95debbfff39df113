import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import type { WorkerStatus } from '../contract/host.ts';
import type { Claim } from '../queue/roles.ts';
import type { ManagedServer, Runtime, ServerState, Slot } from '../runtime/roles.ts';
import type { Emit } from './event-log.ts';
import type { Worker } from './worker-roles.ts';

/** What the host wants of this machine's workers. */
export interface Wanted {
  workers: number;
  drained: readonly string[];
}

export interface FleetOptions {
  runtime: Runtime;
  maxWorkers: number;
  workerIdPrefix: string;
  basePort: number;
  gpuIds: readonly string[];
  startWorker: (slot: Slot, server: ManagedServer) => Worker;
  emit: Emit;
  onChange: () => void;
  log: Logger;
}

export interface Fleet {
  /** Converges on what is wanted; may be called at any time, as often as one likes. */
  want(wanted: Wanted): void;
  /** Workers that exist now, by number. */
  workers(): Worker[];
  worker(workerId: string): Worker | undefined;
  servers(): ManagedServer[];
  statuses(): WorkerStatus[];
  /**
   * Gives a job of an earlier life to its worker, which is started for it even if it is not wanted otherwise.
   * @returns false when this host has no such worker.
   */
  adopt(workerId: string, claim: Claim): Promise<boolean>;
  /**
   * Ends servers of an earlier agent that nobody wants any more: they would keep their VRAM.
   * @throws WorkshopError when the runtime cannot say which there are; to be tried again.
   */
  clearLeftovers(): Promise<void>;
  /** Lets every worker finish its job and leave. Resolves when all have. */
  leave(): Promise<void>;
}

interface Entry {
  slot: Slot;
  server: ManagedServer;
  worker: Worker;
  wasReady: boolean;
  /** Last failure that was told as an event since it was last ready. */
  toldFailure?: string | undefined;
}

/** Time a server gets to end by itself before it is killed, ms. */
const STOP_GRACE_MS = 10_000;
const RETRY_MS = 10_000;

/** The workers of this machine: slot i is worker i+1; when fewer are wanted, the highest leave first. */
export function createFleet(options: FleetOptions): Fleet {
  const { runtime, emit, log } = options;
  const entries = new Map<number, Entry>();
  const opening = new Map<number, Promise<Entry | undefined>>();
  const closing = new Map<number, Promise<void>>();
  /** Leftover servers that are being ended; a worker of that name waits for it. */
  const removing = new Map<string, Promise<void>>();
  let wanted: Wanted = { workers: 0, drained: [] };
  let leaving = false;

  const slotOf = (index: number): Slot => ({
    index,
    workerId: `${options.workerIdPrefix}-${index + 1}`,
    port: options.basePort + index,
    gpu: options.gpuIds[index % options.gpuIds.length] ?? null,
  });
  const isWanted = (index: number) => !leaving && index < Math.min(wanted.workers, options.maxWorkers);
  const instruct = ({ slot, worker }: Entry) => {
    if (!isWanted(slot.index)) worker.setIntent('leave');
    else worker.setIntent(wanted.drained.includes(slot.workerId) ? 'drain' : 'work');
  };

  const open = async (index: number): Promise<Entry | undefined> => {
    const slot = slotOf(index);
    try {
      await removing.get(slot.workerId);
      const server = await runtime.start(slot);
      const entry: Entry = { slot, server, worker: options.startWorker(slot, server), wasReady: false };
      entries.set(index, entry);
      server.onChange((state) => report(entry, state));
      report(entry, server.state());
      closing.set(
        index,
        entry.worker.done.then(() => close(entry)),
      );
      return entry;
    } catch (cause) {
      const error = toWorkshopError(cause, 'RUNTIME_START');
      emit('worker-failed', `${slot.workerId} cannot start: ${error.message}`, { workerId: slot.workerId });
      setTimeout(reconcile, RETRY_MS).unref();
      return undefined;
    }
  };
  const openOnce = (index: number): Promise<Entry | undefined> => {
    const entry = entries.get(index);
    if (entry) return Promise.resolve(entry);
    let under = opening.get(index);
    if (!under) {
      under = open(index).finally(() => opening.delete(index));
      opening.set(index, under);
    }
    return under;
  };
  const close = async ({ slot, server }: Entry): Promise<void> => {
    // When the agent leaves, the runtime decides which servers live on.
    if (!leaving)
      await server
        .stop(STOP_GRACE_MS)
        .catch((cause: unknown) => log.error({ err: cause }, 'server did not stop'));
    entries.delete(slot.index);
    closing.delete(slot.index);
    if (!leaving) emit('worker-stopped', `${slot.workerId} has stopped`, { workerId: slot.workerId });
    options.onChange();
    reconcile();
  };
  const report = (entry: Entry, state: ServerState) => {
    const { workerId } = entry.slot;
    if (state.kind === 'ready' && !entry.wasReady) {
      entry.wasReady = true;
      emit('worker-started', `${workerId} is ready at ${state.endpoint}`, { workerId });
    }
    if (state.kind === 'failed') {
      entry.wasReady = false;
      // A new time for the next attempt is no new failure.
      if (state.error.message !== entry.toldFailure)
        emit('worker-failed', `${workerId}: ${state.error.message}`, { workerId });
      entry.toldFailure = state.error.message;
    } else if (state.kind === 'ready') entry.toldFailure = undefined;
    options.onChange();
  };
  const reconcile = () => {
    for (const entry of entries.values()) instruct(entry);
    if (leaving) return;
    for (let index = 0; index < options.maxWorkers; index++)
      if (isWanted(index) && !entries.has(index))
        void openOnce(index).then((entry) => entry && instruct(entry));
  };
  const isKnown = (workerId: string) => {
    for (let index = 0; index < options.maxWorkers; index++)
      if (
        slotOf(index).workerId === workerId &&
        (isWanted(index) || entries.has(index) || opening.has(index))
      )
        return true;
    return removing.has(workerId);
  };
  const removeLeftover = async (workerId: string): Promise<void> => {
    try {
      await runtime.remove?.(workerId, STOP_GRACE_MS);
      emit('worker-stopped', `A server left over as ${workerId} was stopped`, { workerId });
    } catch (cause) {
      log.warn(
        { workerId, reason: toWorkshopError(cause).message },
        'a leftover server could not be stopped',
      );
    }
  };
  const sorted = () => [...entries.values()].sort((a, b) => a.slot.index - b.slot.index);

  return {
    want(next) {
      wanted = next;
      reconcile();
    },
    workers: () => sorted().map((entry) => entry.worker),
    worker: (workerId) => sorted().find((entry) => entry.slot.workerId === workerId)?.worker,
    servers: () => sorted().map((entry) => entry.server),
    statuses: () =>
      sorted().map(({ slot, server, worker }) => {
        const state = server.state();
        return {
          id: slot.workerId,
          state: worker.state(),
          endpoint: state.kind === 'ready' ? state.endpoint : null,
          comfyVersion: worker.comfyVersion(),
          gpuIndex: slot.gpu !== null && /^\d+$/.test(slot.gpu) ? Number(slot.gpu) : null,
          ...worker.counts(),
        };
      }),
    async adopt(workerId, claim) {
      const index = Number(workerId.slice(options.workerIdPrefix.length + 1)) - 1;
      if (leaving || !Number.isInteger(index) || index < 0 || index >= options.maxWorkers) return false;
      if (slotOf(index).workerId !== workerId) return false;
      const entry = await openOnce(index);
      if (!entry) return false;
      entry.worker.adopt(claim);
      // Unless it is wanted anyway it leaves once that job is done.
      instruct(entry);
      return true;
    },
    async clearLeftovers() {
      const existing = (await runtime.existing?.()) ?? [];
      if (leaving) return;
      const unwanted = existing.filter((workerId) => !isKnown(workerId));
      await Promise.all(
        unwanted.map((workerId) => {
          const removal = removeLeftover(workerId).finally(() => removing.delete(workerId));
          removing.set(workerId, removal);
          return removal;
        }),
      );
    },
    async leave() {
      leaving = true;
      await Promise.all(opening.values());
      reconcile();
      await Promise.all(closing.values());
    },
  };
}
