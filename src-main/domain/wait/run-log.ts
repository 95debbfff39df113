import type { JobSummary } from '../workshop.ts';

/** One stay of a job on a worker, from the claim to its end. Waiting is no part of it. Times are Redis epoch ms. */
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
  endedAt: number;
  /** false: it failed or was cancelled on the way, so it says nothing about how long a whole run takes. */
  whole: boolean;
}

/** A run with what surrounded it. */
export interface RunInContext extends Run {
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
  /** This job's time on its worker was spent waiting (for GPU memory), so its length must not be learned. */
  disregard(jobId: string): void;
  /** Oldest start first. */
  runs(): RunInContext[];
  /** Kind of the last run that ended on a worker; undefined when none is known. */
  lastKindOn(workerId: string): string | undefined;
}

export function createRunLog(): RunLog {
  let runs = new Map<string, Run>();
  const disregarded = new Set<string>();
  /** What ended before was given up, so that lists which still show it do not bring it back. */
  let since = 0;

  const giveUpOldest = () => {
    const kept = [...runs.values()].sort((a, b) => a.endedAt - b.endedAt).slice(-KEPT);
    since = kept[0]?.endedAt ?? since;
    runs = new Map(kept.map((run) => [run.jobId, run]));
  };

  return {
    take(job, hostId) {
      const run = runOf(job, hostId);
      if (!run || run.endedAt < since || disregarded.has(job.id)) return false;
      const known = runs.get(job.id);
      if (known && known.endedAt === run.endedAt && known.signature === run.signature) return false;
      runs.set(job.id, run);
      if (runs.size > KEPT + SPARE) giveUpOldest();
      return true;
    },
    disregard(jobId) {
      disregarded.add(jobId);
      const [oldest] = disregarded;
      if (disregarded.size > KEPT && oldest !== undefined) disregarded.delete(oldest);
    },
    runs: () => inContext([...runs.values()]),
    lastKindOn(workerId) {
      let last: Run | undefined;
      for (const run of runs.values())
        if (run.workerId === workerId && (!last || run.endedAt > last.endedAt)) last = run;
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
  const ms = completedAt - startedAt;
  if (ms <= 0 || ms > LONGEST_MS) return undefined;
  return {
    jobId: job.id,
    kind: job.kind,
    signature: job.signature ?? job.kind,
    workerId: workerKey(hostId, workerId),
    hostId: hostId ?? '',
    startedAt,
    endedAt: completedAt,
    whole: status === 'completed',
  };
}

function inContext(runs: Run[]): RunInContext[] {
  runs.sort((a, b) => a.startedAt - b.startedAt);
  const lastOn = new Map<string, string>();
  const overlap = overlaps(runs);
  return runs.map((run, at) => {
    const before = lastOn.get(run.workerId);
    lastOn.set(run.workerId, run.kind);
    const ms = run.endedAt - run.startedAt;
    return {
      ...run,
      ms,
      cold: before === undefined ? null : before !== run.kind,
      together: 1 + (overlap[at] ?? 0) / ms,
    };
  });
}

/** For each run the time that others spent beside it on the same host, ms. */
function overlaps(runs: readonly Run[]): Float64Array {
  const shared = new Float64Array(runs.length);
  let open: number[] = [];
  runs.forEach((run, at) => {
    open = open.filter((other) => (runs[other]?.endedAt ?? 0) > run.startedAt);
    for (const other of open) {
      const beside = runs[other];
      if (!beside || beside.hostId !== run.hostId || beside.workerId === run.workerId) continue;
      const ms = Math.min(beside.endedAt, run.endedAt) - run.startedAt;
      shared[at] = (shared[at] ?? 0) + ms;
      shared[other] = (shared[other] ?? 0) + ms;
    }
    open.push(at);
  });
  return shared;
}
