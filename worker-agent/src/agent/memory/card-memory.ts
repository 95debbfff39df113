import type { ComfyServer, ComfyStats } from '../../comfy/roles.ts';
import type { WorkerVram } from '../../contract/telemetry.ts';
import type { GpuReading } from '../../gpu/roles.ts';

/** A worker as far as its place on a card is concerned. */
export interface PlacedWorker {
  workerId: string;
  /** GPU index, UUID or MIG id it was told to use; null = left to its server. */
  gpu: string | null;
  /** Where its ComfyUI answers; null while it does not. */
  endpoint: string | null;
}

export interface CardFigures {
  /** null while unknown. MiB. */
  freeMiB: number | null;
  totalMiB: number | null;
  /** As the driver calls it. */
  name: string | null;
}

export interface CardMemory {
  /** Which card a worker computes on, as a key that outlives restarts; undefined = cannot be told. */
  cardOf(worker: PlacedWorker): string | undefined;
  figures(card: string): CardFigures;
  /** What the worker's ComfyUI holds; null while unknown. MiB. */
  heldMiB(worker: PlacedWorker): number | null;
  /** What of it is models and torch's own cache; null while unknown. MiB. */
  evictableMiB(worker: PlacedWorker): number | null;
  /** Whether figures of this worker or its card have to be fetched from its ComfyUI to be known. */
  needsStats(worker: PlacedWorker): boolean;
  /** Takes in what a ComfyUI said of itself. */
  takeStats(worker: PlacedWorker, figures: ComfyStats): void;
  /** Fetches them. Never throws: what cannot be fetched stays as it was. */
  fetchStats(worker: PlacedWorker, comfy: Pick<ComfyServer, 'stats'>): Promise<void>;
  /** Workers that are gone. */
  keepOnly(workerIds: ReadonlySet<string>): void;
}

export interface CardMemorySources {
  reading: () => GpuReading;
  /** VRAM by worker, where processes can be seen and tied to workers. */
  byWorker: () => readonly WorkerVram[];
}

/** What a ComfyUI holds without any model: mostly the CUDA context. */
export const CONTEXT_MIB = 700;
const STATS_TIMEOUT_MS = 2000;

/**
 * Brings together what nvidia-smi and the ComfyUI servers say of the cards' memory. nvidia-smi counts where it can
 * see the card and the processes; where it cannot (containers without their pids, MIG, servers on other machines, no
 * driver tools), ComfyUI's torch figures stand in (contract 5.5, 6.1), which leave out the context.
 */
export function createCardMemory(sources: CardMemorySources): CardMemory {
  const stats = new Map<string, { card: string | undefined; at: number; figures: ComfyStats }>();

  const gpuOf = (worker: PlacedWorker) => {
    if (!isHere(worker.endpoint) || worker.gpu?.startsWith('MIG')) return undefined;
    const { gpus } = sources.reading();
    if (worker.gpu !== null)
      return gpus.find((one) => String(one.index) === worker.gpu || one.uuid === worker.gpu);
    if (gpus.length === 1) return gpus[0];
    const held = sources.byWorker().filter(({ workerId }) => workerId === worker.workerId);
    return held.length === 1 ? gpus.find(({ index }) => index === held[0]?.gpuIndex) : undefined;
  };
  const cardOf = (worker: PlacedWorker): string | undefined => {
    const gpu = gpuOf(worker);
    if (gpu) return gpu.uuid ?? `gpu-${gpu.index}`;
    const { gpus, error } = sources.reading();
    const readable = gpus.length > 0 && error === null && isHere(worker.endpoint);
    // Several cards here and no word which one the server took.
    if (readable && !worker.gpu?.startsWith('MIG')) return undefined;
    if (worker.endpoint === null) return undefined;
    return `${new URL(worker.endpoint).hostname}/${worker.gpu ?? 'first'}`;
  };
  const heldByProcesses = (worker: PlacedWorker): number | null => {
    const gpu = gpuOf(worker);
    if (!gpu) return null;
    const own = sources
      .byWorker()
      .find((one) => one.workerId === worker.workerId && one.gpuIndex === gpu.index);
    return own?.memoryMiB ?? null;
  };
  const torch = (worker: PlacedWorker) => stats.get(worker.workerId)?.figures.torchVramTotalMiB ?? null;
  const readGpu = (card: string) =>
    sources.reading().gpus.find((one) => (one.uuid ?? `gpu-${one.index}`) === card);
  /** The newest word of any server on that card. */
  const toldBy = (card: string) => {
    let newest: { at: number; figures: ComfyStats } | undefined;
    for (const one of stats.values()) if (one.card === card && one.at >= (newest?.at ?? 0)) newest = one;
    return newest?.figures;
  };

  const take = (worker: PlacedWorker, figures: ComfyStats, at: number) =>
    void stats.set(worker.workerId, { card: cardOf(worker), at, figures });

  return {
    cardOf,
    figures(card) {
      const gpu = readGpu(card);
      const told = gpu?.memoryFreeMiB == null ? toldBy(card) : undefined;
      return {
        freeMiB: gpu?.memoryFreeMiB ?? driverFree(told),
        totalMiB: gpu?.memoryTotalMiB ?? told?.vramTotalMiB ?? null,
        name: gpu?.name ?? null,
      };
    },
    heldMiB: (worker) => heldByProcesses(worker) ?? torch(worker),
    evictableMiB(worker) {
      const processes = heldByProcesses(worker);
      return processes === null ? torch(worker) : Math.max(0, processes - CONTEXT_MIB);
    },
    needsStats(worker) {
      return heldByProcesses(worker) === null || gpuOf(worker)?.memoryFreeMiB == null;
    },
    takeStats: (worker, figures) => take(worker, figures, performance.now()),
    async fetchStats(worker, comfy) {
      const at = performance.now();
      try {
        take(worker, await comfy.stats(AbortSignal.timeout(STATS_TIMEOUT_MS)), at);
      } catch {
        // A stalled server tells nothing (contract 5.10); the last word stands.
      }
    },
    keepOnly(workerIds) {
      for (const workerId of stats.keys()) if (!workerIds.has(workerId)) stats.delete(workerId);
    },
  };
}

/** vram_free counts what torch keeps unused as free (contract 5.5); the driver does not. */
function driverFree(told: ComfyStats | undefined): number | null {
  if (told?.vramFreeMiB == null) return null;
  return Math.max(0, told.vramFreeMiB - (told.torchVramFreeMiB ?? 0));
}

/** nvidia-smi speaks of this machine's cards only. */
function isHere(endpoint: string | null): boolean {
  if (endpoint === null) return true;
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(endpoint).hostname);
}
