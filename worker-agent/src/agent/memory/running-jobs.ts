import type { ComfyServer } from '../../comfy/roles.ts';
import type { MemoryWait } from '../../contract/host.ts';
import { type CardMemory, CONTEXT_MIB } from './card-memory.ts';
import { type CardView, roomFor } from './fit.ts';
import type { NeedBook, NeedKey } from './need-book.ts';
import { LAG_MS, type Observation, type ObservationStart, observe } from './observation.ts';
import type { Neighbour } from './roles.ts';

/** A job that a worker has begun. */
export interface Running {
  jobId: string;
  worker: Neighbour;
  comfy: Pick<ComfyServer, 'stats'>;
  /** undefined when card or kind cannot be told: nothing is learned then. */
  key: () => NeedKey | undefined;
  models: readonly string[];
  /** What it is expected to need at its peak, MiB; null = unknown. */
  needMiB: number | null;
  roomMiB: number | null;
  observation: Observation;
  waitingFor: MemoryWait | undefined;
}

export type JobStart = Pick<Running, 'jobId' | 'worker' | 'comfy' | 'key' | 'models' | 'needMiB'>;

export interface RunningJobs {
  get(workerId: string): Running | undefined;
  begin(job: JobStart): Running;
  /** Ends it; what it held is learned when it ran through. */
  end(workerId: string, completed: boolean): void;
  /** It never got to run. */
  drop(workerId: string): void;
  /** The worker's ComfyUI was told to unload its models. */
  unloaded(workerId: string): void;
  /** It has done so as far as it will: what it holds now it keeps. */
  settled(workerId: string): void;
  /** Whether another worker on the same card has a job in hand. */
  isBusyBeside(worker: Neighbour): boolean;
  /** Asks their ComfyUI servers what they hold. */
  fetchBeside(worker: Neighbour): Promise<void>;
  /** A card as `judgeFit` sees it. */
  view(card: string): CardView;
  close(): void;
}

export interface RunningJobsOptions {
  memory: CardMemory;
  book: NeedBook;
  workers: () => readonly Neighbour[];
}

const SAMPLE_MS = 1000;
/** Figures that come from ComfyUI itself cost a request: every how many samples. */
const STATS_EVERY = 2;
/** What a job held is still seen for so long after its end, while its worker is idle. */
const AFTERGLOW_MS = LAG_MS + SAMPLE_MS;
/** A server that holds less than this beyond its context keeps nobody's models. */
const EMPTY_MIB = 300;

/** Keeps account of the jobs that run, samples what they hold once a second, and learns from those that ran through. */
export function followRunningJobs(options: RunningJobsOptions): RunningJobs {
  const { memory, book } = options;
  const running = new Map<string, Running>();
  const ended = new Map<string, { job: Running; until: number }>();
  /** Kinds of jobs that each worker has run, and model files it has loaded, since it last held nothing. */
  const kept = new Map<string, { kinds: Set<string>; models: Set<string> }>();
  /** What a worker still held after it had unloaded. */
  const floors = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let ticks = 0;

  const freeOn = (job: Running) => {
    const card = memory.cardOf(job.worker);
    return card === undefined ? null : memory.figures(card).freeMiB;
  };
  const sample = (job: Running, now: number) =>
    job.observation.sample(now, memory.heldMiB(job.worker), freeOn(job));
  const learn = ({ job }: { job: Running }) => {
    const seen = job.observation.result();
    const key = job.key();
    if (seen && key) book.record(key, job.worker.workerId, seen, job.roomMiB);
  };
  const tick = () => {
    const now = performance.now();
    ticks += 1;
    const all = [...running.values(), ...[...ended.values()].map(({ job }) => job)];
    for (const job of all) {
      sample(job, now);
      const due = ticks % STATS_EVERY === 0 || memory.heldMiB(job.worker) === null;
      if (due && memory.needsStats(job.worker)) void memory.fetchStats(job.worker, job.comfy);
    }
    for (const [workerId, one] of ended) {
      if (now < one.until) continue;
      ended.delete(workerId);
      learn(one);
    }
    if (running.size > 0 || ended.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const keptBy = (
    workerId: string,
    start: JobStart,
    evictableMiB: number | null,
  ): ObservationStart['kept'] => {
    if (evictableMiB !== null && evictableMiB < EMPTY_MIB) {
      kept.set(workerId, { kinds: new Set(), models: new Set() });
      return 'own';
    }
    const before = kept.get(workerId);
    // Left by an earlier life of this agent.
    if (!before) return 'others';
    if ([...before.kinds].every((kind) => kind === start.key()?.signature)) return 'own';
    return [...before.models].every((model) => start.models.includes(model)) ? 'same-models' : 'others';
  };
  const beside = (worker: Neighbour) => {
    const card = memory.cardOf(worker);
    return [...running.values()].filter(
      (job) => job.worker.workerId !== worker.workerId && memory.cardOf(job.worker) === card,
    );
  };
  const view = (card: string): CardView => ({
    freeMiB: memory.figures(card).freeMiB,
    workers: options
      .workers()
      .filter((worker) => memory.cardOf(worker) === card)
      .map((worker) => {
        const { workerId } = worker;
        const job = running.get(workerId);
        const heldMiB = memory.heldMiB(worker);
        const evictable = memory.evictableMiB(worker);
        const context = heldMiB === null || evictable === null ? CONTEXT_MIB : heldMiB - evictable;
        const peak = job?.observation.peakMiB() ?? null;
        return {
          workerId,
          heldMiB,
          busy: job !== undefined,
          expectedMiB: job?.needMiB == null ? peak : Math.max(job.needMiB, peak ?? 0),
          floorMiB: Math.max(context, floors.get(workerId) ?? 0),
        };
      }),
  });

  return {
    get: (workerId) => running.get(workerId),
    begin(start) {
      const { workerId } = start.worker;
      const earlier = ended.get(workerId);
      if (earlier) {
        ended.delete(workerId);
        learn(earlier);
      }
      floors.delete(workerId);
      const card = memory.cardOf(start.worker);
      const evictableMiB = memory.evictableMiB(start.worker);
      const job: Running = {
        ...start,
        roomMiB: card === undefined ? null : roomFor(workerId, view(card)),
        observation: observe({
          at: performance.now(),
          heldMiB: memory.heldMiB(start.worker),
          evictableMiB,
          kept: keptBy(workerId, start, evictableMiB),
        }),
        waitingFor: undefined,
      };
      running.set(workerId, job);
      timer ??= setInterval(tick, SAMPLE_MS).unref();
      return job;
    },
    end(workerId, completed) {
      const job = running.get(workerId);
      if (!job) return;
      const now = performance.now();
      sample(job, now);
      running.delete(workerId);
      const before = kept.get(workerId);
      before?.kinds.add(job.key()?.signature ?? 'unknown');
      for (const model of job.models) before?.models.add(model);
      if (completed) ended.set(workerId, { job, until: now + AFTERGLOW_MS });
    },
    drop: (workerId) => void running.delete(workerId),
    unloaded(workerId) {
      kept.set(workerId, { kinds: new Set(), models: new Set() });
    },
    settled(workerId) {
      const one = options.workers().find((worker) => worker.workerId === workerId);
      const heldMiB = one ? memory.heldMiB(one) : null;
      if (heldMiB !== null) floors.set(workerId, heldMiB);
    },
    isBusyBeside: (worker) => beside(worker).length > 0,
    async fetchBeside(worker) {
      await Promise.all(beside(worker).map((job) => memory.fetchStats(job.worker, job.comfy)));
    },
    view,
    close() {
      clearInterval(timer);
      for (const one of ended.values()) learn(one);
      ended.clear();
    },
  };
}
