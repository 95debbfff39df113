import { isSilent } from '../../../worker-agent/src/contract/agent-word.ts';
import type { WorkshopSnapshot } from '../workshop.ts';
import { createCalibration } from './calibration.ts';
import { createEstimateRecord, type KeptPromise } from './estimate-record.ts';
import { GUESSED_START_MS } from './guesses.ts';
import type { Lesson } from './lesson.ts';
import type { QueueNow, StartRange } from './queue-model.ts';
import { comingWorker, type ReadQueue, readQueueNow } from './queue-now.ts';
import { medianOf } from './robust.ts';
import { createRunLog, workerKey } from './run-log.ts';
import { learnRunTimes, type RunTimes } from './run-times.ts';
import { type Simulation, simulateQueue } from './simulate-queue.ts';
import type { Estimates, StartEstimate, Waits } from './waits.ts';

/** Estimates sent of single jobs and of users. */
const JOBS_TOLD = 60;
/** Of all jobs, these included. */
const ALL_TOLD = 600;
const USERS_TOLD = 200;
/** Runs of a what-if: only a median is told. */
const WHAT_IF_RUNS = 32;
const STARTS_KEPT = 20;
const LESSONS_KEPT = 1000;

/** Learns from a workshop as it goes on, and says who waits how long. Pure but for what it remembers; no clock. */
export interface WaitEstimator {
  /**
   * Looks at the workshop.
   * @param now local epoch ms.
   * @returns null while the queue, the clock or the way to Redis is not known.
   */
  look(snapshot: Readonly<WorkshopSnapshot>, now: number): Estimates | null;
  /** Another workshop: what was learned does not hold there. */
  forget(): void;
  /** What was learned since the last call and is to outlast a restart, oldest first; at most the latest 1000. */
  lessons(): Lesson[];
  /** Takes up what was learned before a restart, oldest first; what was taken up already counts once. */
  recall(lessons: readonly Lesson[]): void;
  /** Tells each promise that came due, e.g. to a bench. */
  onKept: ((jobId: string, kept: KeptPromise) => void) | undefined;
}

export function createWaitEstimator(): WaitEstimator {
  let log = createRunLog();
  let runTimes: RunTimes = learnRunTimes([]);
  let starts: number[] = [];
  const record = createEstimateRecord();
  const calibration = createCalibration();
  /** States of workers and of jobs as last seen. */
  let startingSince = new Map<string, number>();
  let hostOfWorker = new Map<string, string | null>();

  let lessons: Lesson[] = [];
  const recalled = new Set<string>();

  const note = (lesson: Lesson) => {
    lessons = [...lessons, lesson].slice(-LESSONS_KEPT);
  };
  const learn = (snapshot: Readonly<WorkshopSnapshot>, now: number) => {
    hostOfWorker = new Map();
    for (const host of Object.values(snapshot.hosts)) {
      for (const { id, state } of host.status?.workers ?? []) {
        hostOfWorker.set(id, hostOfWorker.has(id) ? null : host.id);
        if ((state.kind === 'busy' || state.kind === 'draining') && state.job.waitingFor)
          if (log.disregard(state.job.jobId)) note({ kind: 'memory-wait', at: now, jobId: state.job.jobId });
        const key = workerKey(host.id, id);
        const since = startingSince.get(key);
        if (state.kind === 'starting') startingSince.set(key, state.since);
        else if (since !== undefined) {
          startingSince.delete(key);
          const ready = state.kind === 'idle' || state.kind === 'busy' || state.kind === 'drained';
          if (!ready || state.since <= since) continue;
          const tookMs = state.since - since;
          starts = [...starts, tookMs].slice(-STARTS_KEPT);
          note({ kind: 'worker-start', at: now, tookMs });
        }
      }
    }
    let news = false;
    for (const job of Object.values(snapshot.jobs))
      if (job.completedAt !== null && job.startedAt !== null && job.workerId !== null)
        news = log.take(job, hostOfWorker.get(job.workerId) ?? undefined) || news;
    if (news) runTimes = learnRunTimes(log.runs());
  };

  const settlePromises = (
    { jobs }: Readonly<WorkshopSnapshot>,
    offset: number,
    tell: WaitEstimator['onKept'],
  ) => {
    record.keepOnly((jobId) => {
      const job = jobs[jobId];
      if (!job || (job.queue !== 'pending' && job.startedAt === null)) return false;
      if (job.queue === 'pending' || job.startedAt === null) return true;
      const at = job.startedAt - offset;
      const kept = record.started(jobId, at);
      if (!kept) return true;
      const { simulated, waitedMs, errorMs } = kept;
      calibration.learn(simulated, waitedMs);
      note({ kind: 'promise', at, jobId, simulated, waitedMs, errorMs });
      tell?.(jobId, kept);
      return true;
    });
  };

  const estimator: WaitEstimator = {
    onKept: undefined,
    look(snapshot, now) {
      const { clockOffsetMs: offset, queueAt, links, control } = snapshot;
      const reached = links.redis.kind === 'ready' || links.redis.kind === 'degraded';
      if (snapshot.counts === null || queueAt === null || offset === null || !reached) return null;
      learn(snapshot, now);
      settlePromises(snapshot, offset, estimator.onKept);
      const startMs = starts.length === 0 ? GUESSED_START_MS : medianOf(starts);
      const read = readQueueNow(
        snapshot,
        { runTimes, startMs, lastKindOn: log.lastKindOn },
        now + offset,
        (host) => isSilent(host, now),
      );
      if (control?.held) record.dropOpen();
      for (const { id } of read.heldJobs) record.drop(id);
      // What runs on as before while held is not simulated: nobody knows for how long.
      const simulated = control?.held ? undefined : simulateQueue(read.queue);
      const told = simulated && {
        jobs: simulated.jobs.map(calibration.widen),
        newJob: calibration.widen(simulated.newJob),
      };
      const guesses = guessesOf(read.queue, starts.length === 0);
      read.jobs.forEach(({ id }, at) => {
        const [own, promised] = [simulated?.jobs[at], told?.jobs[at]];
        if (own && promised)
          record.promise(id, { at: now, simulated: own, promised, guess: guesses.until(at) });
      });
      return {
        at: now,
        ...rangesOf(read, told, guesses, control?.held ?? false),
        ...record.today(now),
        whatIf: told ? whatIf(read.queue, told, startMs) : [],
      };
    },
    forget() {
      log = createRunLog();
      runTimes = learnRunTimes([]);
      starts = [];
      startingSince = new Map();
      lessons = [];
      recalled.clear();
      record.clear();
      calibration.clear();
    },
    lessons: () => lessons.splice(0),
    recall(past) {
      for (const lesson of past) {
        const key = JSON.stringify(lesson);
        if (recalled.has(key)) continue;
        recalled.add(key);
        if (lesson.kind === 'memory-wait') log.disregard(lesson.jobId);
        else if (lesson.kind === 'worker-start') starts = [...starts, lesson.tookMs].slice(-STARTS_KEPT);
        else {
          calibration.learn(lesson.simulated, lesson.waitedMs);
          if (lesson.errorMs !== null) record.recall(lesson.at, lesson.errorMs);
        }
      }
      runTimes = learnRunTimes(log.runs());
    },
  };
  return estimator;
}

function rangesOf(
  { jobs, heldJobs }: ReadQueue,
  told: Simulation | undefined,
  guesses: ReturnType<typeof guessesOf>,
  held: boolean,
): Pick<Estimates, 'newJob' | 'byJob' | 'byUser' | 'later'> {
  const nothing: StartEstimate = held ? { kind: 'held', what: 'queue' } : { kind: 'no-worker' };
  const estimateOf = (range: StartRange | undefined, guess: boolean): StartEstimate =>
    range ? { kind: 'range', ...seconds(range), guess } : nothing;
  const byJob: Waits['byJob'] = {};
  const byUser: Waits['byUser'] = {};
  const later: Estimates['later'] = {};
  let count = 0;
  const tellOf = (id: string, estimate: StartEstimate) => {
    count += 1;
    if (count <= JOBS_TOLD) byJob[id] = estimate;
    else if (count <= ALL_TOLD) later[id] = estimate;
  };
  const firsts = new Map<string, number>();
  const order = jobs.map((job, at) => ({ job, range: told?.jobs[at], guess: guesses.until(at) }));
  order.sort((a, b) => (a.range?.p50 ?? 0) - (b.range?.p50 ?? 0));
  order.forEach(({ job, range, guess }, at) => {
    const estimate = estimateOf(range, guess);
    tellOf(job.id, estimate);
    if (firsts.has(job.userId) || firsts.size >= USERS_TOLD) return;
    firsts.set(job.userId, at);
    byUser[job.userId] = estimate;
  });
  for (const { id, userId } of heldJobs) {
    tellOf(id, { kind: 'held', what: 'user' });
    byUser[userId] ??= { kind: 'held', what: 'user' };
  }
  return { newJob: estimateOf(told?.newJob, guesses.until(jobs.length)), byJob, byUser, later };
}

/** An estimate is told as a guess when more than this share of what stands before it rests on the guide's figures. */
const GUESSED_SHARE = 0.25;

/** Whether what stands before a place rests on guesses: run times, loads of models, starts of workers. */
function guessesOf({ waiting, workers }: QueueNow, startIsGuess: boolean) {
  let guessed = 0;
  let all = 0;
  const add = (ms: number, guess: boolean) => {
    all += ms;
    if (guess) guessed += ms;
  };
  const kinds = new Set<string | null>();
  for (const { state, loaded } of workers) {
    kinds.add(state.kind === 'busy' ? state.job.kind : loaded);
    if (state.kind === 'starting') add(state.inMs, startIsGuess);
    if (state.kind !== 'busy') continue;
    const { medianMs, guess, loadMs, loadGuess } = state.job.estimate;
    add(medianMs, guess);
    if (state.cold) add(loadMs, loadGuess);
  }
  const flags = [...waiting, undefined].map((job) => {
    const flag = guessed > all * GUESSED_SHARE;
    if (!job) return flag;
    const { medianMs, guess, loadMs, loadGuess } = job.estimate;
    add(medianMs, guess);
    // Other models at least when no worker has had them yet.
    if (!kinds.has(job.kind)) add(loadMs, loadGuess);
    kinds.add(job.kind);
    return flag;
  });
  return { until: (place: number) => flags[place] ?? false };
}

/** Whole seconds: what changes by less is no news. */
const seconds = ({ low, p50, p90 }: StartRange): StartRange => ({
  low: Math.round(low / 1000) * 1000,
  p50: Math.round(p50 / 1000) * 1000,
  p90: Math.round(p90 / 1000) * 1000,
});

function whatIf(queue: QueueNow, told: Simulation, startMs: number): Waits['whatIf'] {
  if (queue.waiting.length === 0) return [];
  const taking = queue.workers.filter(({ takes }) => takes);
  const last = taking.at(-1);
  const first = taking[0];
  if (!last || !first) return [];
  const p50With = (workers: QueueNow['workers']) =>
    simulateQueue({ ...queue, workers }, { runs: WHAT_IF_RUNS })?.newJob.p50;
  const fewer = p50With(
    queue.workers.map((worker) => (worker === last ? { ...worker, takes: false } : worker)),
  );
  const more = p50With([...queue.workers, comingWorker(first.hostId, 'one-more', startMs)]);
  const count = taking.length;
  return [
    ...(fewer === undefined ? [] : [{ workers: count - 1, p50: Math.round(fewer) }]),
    { workers: count, p50: Math.round(told.newJob.p50) },
    ...(more === undefined ? [] : [{ workers: count + 1, p50: Math.round(more) }]),
  ];
}
