import type { QueueMode } from '../../../worker-agent/src/contract/desired.ts';
import { finishingSince } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { FINISHING_MOST, type WorkerStatus } from '../../../worker-agent/src/contract/host.ts';
import type { HostView, JobSummary, WorkshopSnapshot } from '../workshop.ts';
import { inLine } from './in-line.ts';
import type { QueueNow, SimJob, SimWorker } from './queue-model.ts';
import { medianOf } from './robust.ts';
import { workerKey } from './run-log.ts';
import type { RunTimes } from './run-times.ts';

/** What was learned beside run times. */
export interface Learned {
  runTimes: RunTimes;
  /** Usual time from starting a worker to ready, ms. */
  startMs: number;
  /** Kind of the last run on a worker (by `workerKey`). */
  lastKindOn(workerId: string): string | undefined;
}

/** The queue as the simulation takes it, and which job stands at which place. */
export interface ReadQueue {
  queue: QueueNow;
  /** In the order of `queue.waiting`. */
  jobs: JobSummary[];
  /** Waiting jobs of users that are held. */
  heldJobs: JobSummary[];
}

/** How far back submissions and cancellations tell the pace of those to come, ms. */
const WINDOW_MS = 30 * 60_000;
/** A worker that never gets ready in its usual time is believed to need at least this much longer, ms. */
const OVERDUE_MS = 10_000;
/** Deliveries that tell how long one takes. */
const DELIVERIES = 30;

/**
 * Reads the workshop as it stands.
 * @param now Redis time, epoch ms. @param silent tells hosts whose word is too old to count on.
 */
export function readQueueNow(
  snapshot: Readonly<WorkshopSnapshot>,
  learned: Learned,
  now: number,
  silent: (host: HostView) => boolean,
): ReadQueue {
  const { control } = snapshot;
  const all = Object.values(snapshot.jobs);
  const held = new Set(control?.heldUsers ?? []);
  const waiting = all.filter((job) => job.queue === 'pending').sort(inOrder);
  const toSim = (job: JobSummary) => simJob(job, learned.runTimes);
  const hosts = Object.values(snapshot.hosts).filter(
    (host) => host.status?.phase === 'running' && !silent(host),
  );
  const mode = modeOf(control?.mode ?? null, hosts);
  const free = waiting.filter((job) => !held.has(job.userId));
  // In turns only a person's first job is ever taken, whatever stands behind it.
  const turns = mode === 'round_robin' || mode === 'fair';
  const line = inLine(free, all, turns ? null : control?.lineCaps);
  return {
    jobs: line.map(({ job }) => job),
    heldJobs: waiting.filter((job) => held.has(job.userId)),
    queue: {
      workers: hosts.flatMap((host) => workersOf(host, snapshot, learned, now)),
      waiting: line.map(({ job, behind }) => ({ ...toSim(job), behind })),
      mode,
      nextTurn: control?.nextTurn ?? null,
      caps: control?.caps ?? null,
      served: servedOf(snapshot, all, mode, now),
      runTimes: learned.runTimes,
      arrivals: arrivalsOf(all, now, toSim),
      cancelRate: cancelRateOf(all, waiting, now),
    },
  };
}

const simJob = ({ userId, kind, signature, priority }: JobSummary, runTimes: RunTimes): SimJob => ({
  userId,
  kind,
  estimate: runTimes.of({ kind, signature: signature ?? kind }),
  priority: priority ?? 2,
});

function inOrder(a: JobSummary, b: JobSummary): number {
  return (a.score ?? Number.MAX_VALUE) - (b.score ?? Number.MAX_VALUE) || (a.id < b.id ? -1 : 1);
}

/** The console's choice, else the first agent's own. */
function modeOf(chosen: QueueMode | null, hosts: readonly HostView[]): QueueMode {
  return chosen ?? hosts[0]?.status?.queueMode ?? 'fifo';
}

function workersOf(
  host: HostView,
  snapshot: Readonly<WorkshopSnapshot>,
  learned: Learned,
  now: number,
): SimWorker[] {
  const present = host.status?.workers ?? [];
  const drained = new Set(host.desired?.drained ?? []);
  const workers = present.flatMap((worker) => {
    const read = workerOf(host, worker, snapshot, learned, now);
    return read ? [{ ...read, takes: read.takes && !drained.has(worker.id) }] : [];
  });
  // Wanted, but not there yet.
  const missing = Math.min(host.desired?.workers ?? 0, host.status?.maxWorkers ?? 0) - present.length;
  for (let more = 1; more <= missing; more += 1)
    workers.push(comingWorker(host.id, `coming-${more}`, learned.startMs));
  return workers;
}

/** A worker that is started now. */
export const comingWorker = (hostId: string, id: string, inMs: number): SimWorker => ({
  id: workerKey(hostId, id),
  hostId,
  takes: true,
  loaded: null,
  state: { kind: 'starting', inMs },
});

function workerOf(
  host: HostView,
  worker: WorkerStatus,
  { jobs }: Readonly<WorkshopSnapshot>,
  learned: Learned,
  now: number,
): SimWorker | undefined {
  const id = workerKey(host.id, worker.id);
  const { state } = worker;
  const finishing = (host.status?.finishing ?? []).filter(({ workerId }) => workerId === worker.id);
  const leaving = finishing.at(-1);
  const lastKind = (leaving && jobs[leaving.jobId]?.kind) ?? learned.lastKindOn(id);
  // Since its agent started it has run nothing, so nothing is loaded as far as known.
  const loaded = worker.completed + worker.failed === 0 && !leaving ? null : (lastKind ?? null);
  switch (state.kind) {
    case 'idle':
      return { id, hostId: host.id, takes: true, loaded, state: { kind: 'free' } };
    case 'starting': {
      const left = state.since + learned.startMs - now;
      return comingWorker(host.id, worker.id, Math.max(left, OVERDUE_MS));
    }
    case 'busy':
    case 'draining': {
      const { jobId, userId, kind, startedAt } = state.job;
      const progress = host.live?.progress.find((each) => each.jobId === jobId);
      const phase = progress?.phase ?? state.job.phase;
      // Its files are brought away beside the next job, for which the worker is free once not too many are on their way.
      if (phase === 'delivering' || phase === 'settling') {
        const own = { id, hostId: host.id, takes: state.kind === 'busy', loaded: kind };
        const [first] = finishing;
        if (!first || finishing.length < FINISHING_MOST) return { ...own, state: { kind: 'free' } };
        const left = first.since + deliveryMs(jobs) - now;
        return { ...own, state: { kind: 'starting', inMs: Math.max(left, OVERDUE_MS) } };
      }
      const signature = jobs[jobId]?.signature ?? kind;
      return {
        id,
        hostId: host.id,
        takes: state.kind === 'busy',
        loaded,
        state: {
          kind: 'busy',
          job: { userId, kind, priority: 2, estimate: learned.runTimes.of({ kind, signature }) },
          elapsedMs: Math.max(0, now - startedAt),
          progress: progress?.phase === 'running' ? progress.fraction : null,
          cold:
            loaded !== kind && (progress === undefined || progress.phase !== 'running' || loaded !== null),
        },
      };
    }
    default:
      return undefined;
  }
}

/** Usual time to bring files away, ms: the median of the latest jobs; 0 while none tells it. */
function deliveryMs(jobs: Readonly<WorkshopSnapshot>['jobs']): number {
  const latest = Object.values(jobs)
    .flatMap(({ completedAt, computed }) =>
      completedAt !== null && computed ? [{ completedAt, computed }] : [],
    )
    .sort((a, b) => b.completedAt - a.completedAt)
    .slice(0, DELIVERIES);
  return latest.length === 0
    ? 0
    : medianOf(latest.map(({ completedAt, computed }) => completedAt - computed[1]));
}

type Served = Map<string, number>;

/** What the turn modes count; empty in the others. */
function servedOf(
  snapshot: Readonly<WorkshopSnapshot>,
  all: readonly JobSummary[],
  mode: QueueMode,
  now: number,
): Served {
  if (mode === 'fair') return countUsers(all, (job) => job.status === 'running' || endedToday(job, now));
  return mode === 'round_robin' ? completionsOf(snapshot, all) : new Map();
}

function countUsers(all: readonly JobSummary[], counts: (job: JobSummary) => boolean): Served {
  const served: Served = new Map();
  for (const job of all) if (counts(job)) served.set(job.userId, (served.get(job.userId) ?? 0) + 1);
  return served;
}

/** By the UTC day, as the claim counts; jobs that never started were never served. */
function endedToday({ startedAt, completedAt }: JobSummary, now: number): boolean {
  const dayOf = (at: number) => Math.floor(at / 86_400_000);
  return startedAt !== null && completedAt !== null && dayOf(completedAt) === dayOf(now);
}

/**
 * Completed jobs of all time (contract 1.5) and those that are brought away. Where the counters were not read, those
 * that the lists know.
 */
function completionsOf(
  { completions = {}, hosts }: Readonly<WorkshopSnapshot>,
  all: readonly JobSummary[],
): Served {
  const finishing = finishingSince(Object.values(hosts).map(({ status }) => status));
  const served = countUsers(all, ({ id, userId, status }) =>
    status === 'completed' ? !Object.hasOwn(completions, userId) : status === 'running' && finishing.has(id),
  );
  for (const [user, count] of Object.entries(completions)) served.set(user, (served.get(user) ?? 0) + count);
  return served;
}

function arrivalsOf(
  all: readonly JobSummary[],
  now: number,
  toSim: (job: JobSummary) => SimJob,
): QueueNow['arrivals'] {
  const recent = all.filter(
    (job) => job.createdAt !== null && job.createdAt > now - WINDOW_MS && job.userId !== '',
  );
  if (recent.length < 3) return null;
  const first = recent.reduce((oldest, job) => Math.min(oldest, job.createdAt ?? now), now);
  const everyMs = Math.max(1000, (now - first) / recent.length);
  // A sample is enough to draw from.
  const step = Math.ceil(recent.length / 200);
  return { everyMs, like: recent.filter((_, at) => at % step === 0).map(toSim) };
}

/** Cancellations of waiting jobs over the time that jobs waited, per ms. */
function cancelRateOf(all: readonly JobSummary[], waiting: readonly JobSummary[], now: number): number {
  let cancelled = 0;
  let waitedMs = 0;
  for (const job of all) {
    if (job.createdAt === null || job.createdAt < now - 4 * WINDOW_MS) continue;
    const until = job.startedAt ?? job.completedAt ?? (job.queue === 'pending' ? now : job.createdAt);
    waitedMs += Math.max(0, until - job.createdAt);
    if (job.status === 'cancelled' && job.startedAt === null) cancelled += 1;
  }
  // Two hours of waiting without a cancellation are the starting belief.
  return waiting.length === 0 ? 0 : cancelled / (waitedMs + 2 * 3_600_000);
}
