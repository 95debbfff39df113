import type { Caps, QueueMode } from '../../../worker-agent/src/contract/desired.ts';
import type { RunEstimate, RunTimes } from './run-times.ts';

/** A job as the simulation needs it. */
export interface SimJob {
  userId: string;
  kind: string;
  estimate: RunEstimate;
  priority: number;
  /** It stands behind the line of its user (contract/desired.ts, lineCaps). */
  behind?: boolean;
}

/** A worker that runs a job now or will take one. */
export interface SimWorker {
  id: string;
  hostId: string;
  /** Takes more jobs after what it has in hand. */
  takes: boolean;
  /** Kind whose models it has loaded; null = none. */
  loaded: string | null;
  state:
    | { kind: 'free' }
    /** `elapsedMs` since the claim; `progress` 0 to 1, or null while it cannot be known. */
    | { kind: 'busy'; job: SimJob; elapsedMs: number; progress: number | null; cold: boolean }
    /** Ready in about `inMs`. */
    | { kind: 'starting'; inMs: number };
}

/** The queue now. Held jobs are left out by the caller. */
export interface QueueNow {
  workers: readonly SimWorker[];
  /** In the order of their places (see in-line.ts): by score (contract 1.4), but for limits on who stands in line. */
  waiting: readonly SimJob[];
  mode: QueueMode;
  nextTurn: string | null;
  /** How many jobs of one person run at once; absent or null for no limit. */
  caps?: Caps | null;
  /** What the turn modes count: jobs done (round_robin), or running and settled today (fair). */
  served: ReadonlyMap<string, number>;
  runTimes: RunTimes;
  /** Jobs that may be submitted meanwhile and so overtake: drawn from these, on average one each `everyMs`. */
  arrivals: { everyMs: number; like: readonly SimJob[] } | null;
  /** Chance that a waiting job is cancelled, for each ms that it waits. */
  cancelRate: number;
}

/** When a job starts, ms from now: 15th, 50th and 90th percentile. */
export interface StartRange {
  low: number;
  p50: number;
  p90: number;
}
