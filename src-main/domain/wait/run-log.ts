import { gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import type { JobSummary } from '../workshop.ts';

/** One stay of a job on a worker, from the claim to its end. Times are Redis epoch ms. */
interface Run {
  jobId: string;
  kind: string;
  /** Finer than the kind; the kind itself where no more is known. */
  signature: string;
  /** `host/worker`, or the worker's id alone where it does not tell its host. */
  workerId: string;
  /** Whose GPU it shared. */
  hostId: string;
  startedAt: number;
  completedAt: number;
  computed: JobSummary['computed'];
  /** false: it failed or was cancelled on the way, so it says nothing about how long a whole run takes. */
  whole: boolean;
}

/** A run with what surrounded it. */
export interface RunInContext extends Run {
  /** How long it kept its worker busy, without waiting for memory and bringing files away. */
  ms: number;
  /** Models had to be loaded: another kind ran before on this worker. null = what ran before is not known. */
  cold: boolean | null;
  /** Jobs at work on the same GPU host on average meanwhile, this one included; 1 or more. */
  together: number;
}

const KEPT = 1500;
/** Taken beyond that before the oldest are given up. */
const SPARE = 300;
/** An end that was written by a clean-up years later is not a run. */
const LONGEST_MS = 6 * 3_600_000;

/** Remembers runs of jobs that ended, also after the lists have forgotten the jobs. */
export interface RunLog {
  /** Takes in a job that has ended. @returns whether it taught anything new. */
  take(job: JobSummary, hostId: string | undefined): boolean;
  /**
   * Part of this job's time on its worker was spent waiting for GPU memory, so its length must not be learned, unless
   * its agent tells how long it computed. @returns false when that was known.
   */
  disregard(jobId: string): boolean;
  /** Oldest start first. */
  runs(): RunInContext[];
  /** Kind of the last run on a worker that has ended; undefined when none is known. */
  lastKindOn(workerId: string): string | undefined;
}

export function createRunLog(): RunLog {
  let runs = new Map<string, Run>();
  const disregarded = new Set<string>();
  /** What ended before was given up, so that lists which still show it do not bring it back. */
  let since = 0;

  const giveUpOldest = () => {
    const kept = [...runs.values()].sort((a, b) => a.completedAt - b.completedAt).slice(-KEPT);
    since = kept[0]?.completedAt ?? since;
    runs = new Map(kept.map((run) => [run.jobId, run]));
  };

  return {
    take(job, hostId) {
      const run = runOf(job, hostId);
      if (!run || run.completedAt < since || (!run.computed && disregarded.has(job.id))) return false;
      const known = runs.get(job.id);
      if (known && known.completedAt === run.completedAt && known.signature === run.signature) return false;
      runs.set(job.id, run);
      if (runs.size > KEPT + SPARE) giveUpOldest();
      return true;
    },
    disregard(jobId) {
      if (disregarded.has(jobId)) return false;
      disregarded.add(jobId);
      if (!runs.get(jobId)?.computed) runs.delete(jobId);
      const [oldest] = disregarded;
      if (disregarded.size > KEPT && oldest !== undefined) disregarded.delete(oldest);
      return true;
    },
    runs: () => inContext([...runs.values()]),
    lastKindOn(workerId) {
      let last: Run | undefined;
      for (const run of runs.values())
        if (run.workerId === workerId && (!last || run.startedAt > last.startedAt)) last = run;
      return last?.kind;
    },
  };
}

/** `hostId` with the worker, so that worker-1 of two hosts are two workers. */
export const workerKey = (hostId: string | undefined, workerId: string): string =>
  hostId === undefined ? workerId : `${hostId}/${workerId}`;

function runOf(job: JobSummary, hostId: string | undefined): Run | undefined {
  const { startedAt, completedAt, workerId, status } = job;
  if (startedAt === null || completedAt === null || workerId === null) return undefined;
  if (status !== 'completed' && status !== 'failed' && status !== 'cancelled') return undefined;
  const [from, until] = job.computed ?? [startedAt, completedAt];
  const ms = until - from;
  if (ms <= 0 || ms > LONGEST_MS) return undefined;
  return {
    jobId: job.id,
    kind: job.kind,
    signature: job.signature ?? job.kind,
    workerId: workerKey(hostId, workerId),
    hostId: hostId ?? '',
    startedAt,
    completedAt,
    computed: job.computed,
    whole: status === 'completed',
  };
}

interface Spanned extends Run {
  span: readonly [from: number, until: number];
}

function inContext(all: readonly Run[]): RunInContext[] {
  const runs = [...gpuSpans(all)]
    .map(([run, span]) => ({ ...run, span }))
    .filter(({ span: [from, until] }) => until > from);
  runs.sort((a, b) => a.span[0] - b.span[0]);
  const lastOn = new Map<string, string>();
  const overlap = overlaps(runs);
  return runs.map(({ span, ...run }, at) => {
    const before = lastOn.get(run.workerId);
    lastOn.set(run.workerId, run.kind);
    const ms = span[1] - span[0];
    return {
      ...run,
      ms,
      cold: before === undefined ? null : before !== run.kind,
      together: 1 + (overlap[at] ?? 0) / ms,
    };
  });
}

/** For each run the time that others spent beside it on the same host, ms. */
function overlaps(runs: readonly Spanned[]): Float64Array {
  const shared = new Float64Array(runs.length);
  let open: number[] = [];
  runs.forEach((run, at) => {
    open = open.filter((other) => (runs[other]?.span[1] ?? 0) > run.span[0]);
    for (const other of open) {
      const beside = runs[other];
      if (!beside || beside.hostId !== run.hostId || beside.workerId === run.workerId) continue;
      const ms = Math.min(beside.span[1], run.span[1]) - run.span[0];
      shared[at] = (shared[at] ?? 0) + ms;
      shared[other] = (shared[other] ?? 0) + ms;
    }
    open.push(at);
  });
  return shared;
}
