import type { StartRange } from './queue-model.ts';
import { medianOf } from './robust.ts';

/** A promise that came due. Times are epoch ms of one clock. */
export interface KeptPromise {
  /** When it was made. */
  at: number;
  promised: StartRange;
  /** As the simulation alone had it. */
  simulated: StartRange;
  /** It rested on the guide's figures, and was told as a guess. */
  guess: boolean;
  /** How long the job really waited from then, ms. */
  waitedMs: number;
  /** How far off the middle was, ms; null for what was told as a guess. */
  errorMs: number | null;
}

type Promised = Omit<KeptPromise, 'waitedMs' | 'errorMs'>;

/**
 * Remembers what each job was promised when it was first seen waiting, and how far off that was when it started.
 * Promises that the host's own act made void (the queue was held) are dropped. Bounded.
 */
export interface EstimateRecord {
  /** Keeps the first promise of a job; later ones are no news. */
  promise(jobId: string, made: Promised): void;
  started(jobId: string, at: number): KeptPromise | undefined;
  /** Counts one that came due before a restart. Local epoch ms, and ms. */
  recall(startedAt: number, errorMs: number): void;
  /** The job left the queue without starting, or was held. */
  drop(jobId: string): void;
  /** Drops promises of jobs for which `stillWaits` says no. */
  keepOnly(stillWaits: (jobId: string) => boolean): void;
  /** Drops all open promises. */
  dropOpen(): void;
  /**
   * Of the local day that `now` lies in: the median distance from the middle of the range, ms, and of how many. What
   * was told as a guess is not counted: it says how well the guide knows this workshop, not how good the estimates are.
   */
  today(now: number): { medianErrorMs: number | null; estimatesMade: number };
  clear(): void;
}

const OPEN_KEPT = 5000;
const KEPT = 2000;

export function createEstimateRecord(): EstimateRecord {
  const open = new Map<string, Promised>();
  let kept: { startedAt: number; errorMs: number }[] = [];
  const count = (startedAt: number, errorMs: number) => {
    kept = [...kept, { startedAt, errorMs }].slice(-KEPT);
  };
  return {
    promise(jobId, made) {
      if (!open.has(jobId) && open.size < OPEN_KEPT) open.set(jobId, made);
    },
    started(jobId, startedAt) {
      const made = open.get(jobId);
      if (!made) return undefined;
      open.delete(jobId);
      const waitedMs = Math.max(0, startedAt - made.at);
      const errorMs = made.guess ? null : Math.abs(made.promised.p50 - waitedMs);
      if (errorMs !== null) count(startedAt, errorMs);
      return { ...made, waitedMs, errorMs };
    },
    recall: count,
    drop(jobId) {
      open.delete(jobId);
    },
    keepOnly(stillWaits) {
      for (const jobId of open.keys()) if (!stillWaits(jobId)) open.delete(jobId);
    },
    dropOpen() {
      open.clear();
    },
    today(now) {
      const midnight = new Date(now).setHours(0, 0, 0, 0);
      const errors = kept.filter(({ startedAt }) => startedAt >= midnight).map(({ errorMs }) => errorMs);
      return {
        medianErrorMs: errors.length === 0 ? null : Math.round(medianOf(errors)),
        estimatesMade: errors.length,
      };
    },
    clear() {
      open.clear();
      kept = [];
    },
  };
}
