/** When a job starts. Durations are ms from `Waits.at`. */
export type StartEstimate =
  | {
      kind: 'range';
      /**
       * 15th, 50th and 90th percentile. Low to p90 is the range that is shown everywhere, and the one that
       * wait.coverage measures: true to its name it holds three jobs of four.
       */
      low: number;
      p50: number;
      p90: number;
      /** It rests on the guide's figures, because nothing of this kind was seen yet. */
      guess: boolean;
    }
  /** Not before somebody releases the queue, or this user. */
  | { kind: 'held'; what: 'queue' | 'user' }
  /** Not before a worker takes jobs. */
  | { kind: 'no-worker' };

/** Waits as estimated. What is not in here is not known. */
export interface Waits {
  /** Local epoch ms of the estimate. */
  at: number;
  /** For a job of normal priority that somebody submits now. */
  newJob: StartEstimate;
  /** The waiting jobs that start first, in the order of their starts; at most 60. */
  byJob: Record<string, StartEstimate>;
  /** Each user with waiting jobs: when the first of them starts; at most 200. */
  byUser: Record<string, StartEstimate>;
  /**
   * How far off estimates of today were (median), ms, and of how many started jobs; null before the first. What was told
   * as a guess does not count.
   */
  medianErrorMs: number | null;
  estimatesMade: number;
  /** p50 of a new job with one worker less, as many as now, and one more (which has to start first). */
  whatIf: { workers: number; p50: number }[];
}

/** The waiting jobs that start after those of `Waits`. They are told more seldom, for they are many and far. */
export interface LaterWaits {
  /** Local epoch ms of the estimate. */
  at: number;
  /** At most 540. */
  byJob: Record<string, StartEstimate>;
}

/** All of it at one moment. */
export interface Estimates extends Waits {
  later: LaterWaits['byJob'];
}
