import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import type { JobStatus } from '../contract/job.ts';
import type { Stray, StrayKind, TidyOutcome } from '../queue/rescue.ts';
import type { Emit } from './event-log.ts';

/** A job as far as the rescuer looks at it. */
export type SeenJob =
  | { kind: 'job'; status: JobStatus; workerId: string | null; userId: string }
  | { kind: 'gone' }
  | { kind: 'unreadable' };

/** What became of a job whose lease ran out. */
export type GiveBackOutcome =
  /** It waits in its old place. */
  | { kind: 'requeued'; from: string }
  /** It lost so many workers that it was ended. */
  | { kind: 'failed'; from: string }
  /** Its text cannot be read: it is in the dead-letter list. */
  | { kind: 'parked' }
  /** Somebody has it after all, or it changed meanwhile. */
  | { kind: 'left' };

/** What the rescuer needs of the queue; a literal object is enough in tests. */
export interface RescueDeps {
  /** One rescuer at a time across all agents. */
  holdLock: () => Promise<boolean>;
  survey: () => Promise<Stray[]>;
  findNowhere: () => Promise<Stray[]>;
  tidyEnded: (jobId: string) => Promise<TidyOutcome>;
  peek: (jobId: string) => Promise<SeenJob>;
  /** Gives back a job whose lease ran out, or ends it after too many attempts. */
  giveBackExpired: (jobId: string) => Promise<GiveBackOutcome>;
  /** Gives back a job that stands in running without anybody's claim. @returns false when it could not be done. */
  giveBackUnclaimed: (jobId: string) => Promise<boolean>;
  /** Puts a job that stands in no queue into its place. @returns false when it no longer stands in none. */
  revive: (jobId: string) => Promise<boolean>;
  /** Takes a waiting twin of a running job away. @returns false when there is none any more. */
  dropTwin: (jobId: string) => Promise<boolean>;
  /** Ids of all workers that agents of ours run, on any host. */
  ourWorkers: () => Promise<ReadonlySet<string>>;
  emit: Emit;
  log: Logger;
  now?: () => number;
}

export interface RescueTiming {
  /** Looks at the queues this often, ms. */
  surveyMs: number;
  /** Walks all job keys this often, ms. */
  nowhereMs: number;
  /** How long something must look wrong before it is touched: another's writes may be under way, ms. */
  graceMs: number;
}

const DEFAULT_TIMING: RescueTiming = { surveyMs: 1000, nowhereMs: 15_000, graceMs: 10_000 };

export interface Rescuer {
  close(): void;
}

/** Cancelled jobs that are known to stand in no queue; more are forgotten, oldest first, and looked at again. */
const REMEMBERED = 5000;
/** Strays between two renewals of the lock: many on a slow link take longer than it lives. */
const STRAYS_A_LOCK = 20;

/**
 * Finds what nobody else repairs and repairs what is safe; the rest is reported once, for the host to decide. A job
 * that the platform's own worker has is left alone (contract 1.6 to 1.8, 2.2, 8.3, 8.8).
 */
export function startRescuer(
  deps: RescueDeps,
  mayRun: () => boolean,
  timing: RescueTiming = DEFAULT_TIMING,
): Rescuer {
  const look = createRescueLook(deps, timing);
  let busy = false;
  const timer = setInterval(() => {
    if (busy || !mayRun()) return;
    busy = true;
    look()
      .catch((cause: unknown) =>
        deps.log.debug({ reason: toWorkshopError(cause).message }, 'rescue will look again'),
      )
      .finally(() => {
        busy = false;
      });
  }, timing.surveyMs);
  return { close: () => clearInterval(timer) };
}

/**
 * One look at the queues, and at all job keys when that is due; it remembers between looks. Does nothing while
 * another agent has the lock. @throws when Redis goes away meanwhile.
 */
export function createRescueLook(
  deps: RescueDeps,
  timing: Pick<RescueTiming, 'nowhereMs' | 'graceMs'>,
): () => Promise<void> {
  const { emit, log, now = () => performance.now() } = deps;
  /** When each stray was first seen; forgotten as soon as it is none any more. */
  const firstSeen = new Map<string, number>();
  const reported = new Set<string>();
  /** Cancelled jobs belong in no queue of the platform's: nothing is wrong with these. */
  const atRest = new Set<string>();
  let nextNowhere = now() + timing.nowhereMs / 3;

  const attend = async (strays: readonly Stray[]): Promise<void> => {
    for (const [at, stray] of strays.entries()) {
      if (at > 0 && at % STRAYS_A_LOCK === 0 && !(await deps.holdLock())) return;
      try {
        await treat(stray);
      } catch (cause) {
        const error = toWorkshopError(cause);
        if (error.retryable) throw error;
        // One job that cannot be understood must not keep the others waiting.
        log.warn({ jobId: stray.jobId, reason: error.message }, 'a stray job could not be looked at');
      }
    }
  };
  const treat = (stray: Stray): Promise<void> => {
    switch (stray.kind) {
      case 'expired':
        return giveBack(stray.jobId);
      case 'doubled':
        return untwin(stray.jobId);
      default:
        return isRipe(stray) ? mend(stray) : Promise.resolve();
    }
  };

  const giveBack = async (jobId: string): Promise<void> => {
    const outcome = await deps.giveBackExpired(jobId);
    if (outcome.kind === 'requeued')
      say('job-rescued', jobId, `lost its worker (${outcome.from} went silent); it is back in its place`);
    if (outcome.kind === 'failed')
      say(
        'job-rescued',
        jobId,
        `lost its worker time and again, last ${outcome.from}; it was ended as failed`,
      );
    if (outcome.kind === 'parked')
      say('job-parked', jobId, 'lost its worker and its text cannot be read; it was set aside');
    if (outcome.kind !== 'left') return;
    // Whoever ran it ended it, or its text was ended or deleted while nobody ran it.
    const tidied = await deps.tidyEnded(jobId);
    if (tidied !== 'still' && tidied !== 'unreadable') sayTidied('expired', jobId, tidied);
  };
  const untwin = async (jobId: string): Promise<void> => {
    if (await deps.dropTwin(jobId))
      say('job-rescued', jobId, 'stood in the queue although it was running; its second place was removed');
  };

  const mend = async (stray: Stray): Promise<void> => {
    const { kind, jobId } = stray;
    const seen = await deps.peek(jobId);
    if (seen.kind === 'unreadable') {
      const where = kind === 'nowhere' ? 'stands in no queue' : 'stands in a queue';
      return report(stray, null, `${where} and its text cannot be read; it was left as it is`);
    }
    if (seen.kind === 'job' && (seen.status === 'pending' || seen.status === 'running')) {
      if (kind === 'nowhere') return revive(jobId, seen.userId);
      if (kind === 'unclaimed') return unclaimed(stray, seen.status, seen.workerId, seen.userId);
      return;
    }
    if (kind === 'nowhere' && seen.kind === 'job' && seen.status === 'cancelled')
      return void atRest.add(jobId);
    const tidied = await deps.tidyEnded(jobId);
    if (tidied !== 'still' && tidied !== 'unreadable') sayTidied(kind, jobId, tidied);
  };
  const revive = async (jobId: string, userId: string): Promise<void> => {
    if (await deps.revive(jobId))
      say('job-rescued', jobId, 'stood in no queue; it is back in its place', userId);
  };
  const unclaimed = async (
    stray: Stray,
    status: JobStatus,
    workerId: string | null,
    userId: string,
  ): Promise<void> => {
    const ours = workerId !== null && (await deps.ourWorkers()).has(workerId);
    if (status === 'running' && !ours)
      return report(
        stray,
        userId,
        `is being run by ${workerId ?? 'a worker without a name'}, which no agent of ours knows (the platform's ` +
          `own worker?); it is left alone. If nobody runs it, cancel it and put it back in the queue`,
      );
    if (await deps.giveBackUnclaimed(stray.jobId))
      return say(
        'job-rescued',
        stray.jobId,
        'was running in nobody’s hands; it is back in its place',
        userId,
      );
    report(stray, userId, 'is running in nobody’s hands and could not be given back; cancel it to end it');
  };

  /** True once it has looked wrong for the grace time. */
  const isRipe = (stray: Stray): boolean => now() - (firstSeen.get(keyOf(stray)) ?? now()) >= timing.graceMs;
  /** Starts the grace time of what is new, and forgets what is no longer wrong. */
  const note = (strays: readonly Stray[], look: 'queues' | 'job keys') => {
    const present = new Set(strays.map(keyOf));
    for (const memory of [firstSeen, reported])
      for (const key of memory.keys())
        if (key.startsWith('nowhere ') === (look === 'job keys') && !present.has(key)) memory.delete(key);
    for (const key of present) if (!firstSeen.has(key)) firstSeen.set(key, now());
  };

  const sayTidied = (
    kind: StrayKind,
    jobId: string,
    tidied: Exclude<TidyOutcome, 'still' | 'unreadable'>,
  ) => {
    const found = kind === 'nowhere' ? 'in no queue' : 'in a queue where it does not belong';
    const done =
      tidied === 'missing'
        ? 'has no job key and was set aside'
        : `is ${tidied}, but stood ${found}; that is mended`;
    say(tidied === 'missing' ? 'job-parked' : 'job-rescued', jobId, done);
  };
  const say = (
    kind: 'job-rescued' | 'job-reported' | 'job-parked',
    jobId: string,
    what: string,
    userId?: string | null,
  ) => emit(kind, `Job ${jobId.slice(0, 100)} ${what}`, { jobId, ...(userId ? { userId } : {}) });
  const report = (stray: Stray, userId: string | null, what: string) => {
    if (reported.has(keyOf(stray))) return;
    reported.add(keyOf(stray));
    say('job-reported', stray.jobId, what, userId);
  };

  return async () => {
    if (!(await deps.holdLock())) return;
    const strays = await deps.survey();
    note(strays, 'queues');
    await attend(strays);
    if (now() < nextNowhere) return;
    nextNowhere = now() + timing.nowhereMs;
    const found = (await deps.findNowhere()).filter(({ jobId }) => !atRest.has(jobId));
    note(found, 'job keys');
    await attend(found);
    for (const jobId of atRest) {
      if (atRest.size <= REMEMBERED) break;
      atRest.delete(jobId);
    }
  };
}

const keyOf = ({ kind, jobId }: Stray): string => `${kind} ${jobId}`;
