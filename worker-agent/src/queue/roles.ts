import type { QueueMode } from '../contract/desired.ts';
import type { Priority } from '../contract/job.ts';

/**
 * What the rest of the agent and the console may ask of the queue. The Redis implementation is beside this file; a
 * literal object is enough in tests.
 */

/** A claim's proof of ownership. Every later write names it and is refused once it is no longer the current one. */
export interface ClaimRef {
  jobId: string;
  token: string;
}

export interface Claim extends ClaimRef {
  /** The job's bytes as they now stand in Redis (status running, worker_id ours). */
  text: Buffer;
  /** 1 for the first execution. */
  attempt: number;
  /** Score it had in queue:pending; a requeue returns it there. */
  score: number;
  /** Redis time of the claim, epoch ms. */
  claimedAt: number;
}

export interface ClaimRequest {
  hostId: string;
  workerId: string;
  /** The agent's configured mode; agent:control may override it. */
  mode: QueueMode;
  /** How long the claim lives without renewal, ms. */
  leaseMs: number;
  /** Job ids to pass over (known not to fit now). */
  exclude?: readonly string[];
}

export type ClaimOutcome =
  | { kind: 'claimed'; claim: Claim }
  /** Nothing to do: empty, or all that waits is excluded or held for its user. */
  | { kind: 'none' }
  | { kind: 'held' }
  /** A pending id whose job cannot be read; it was parked in the dead-letter list, its text untouched. */
  | { kind: 'parked'; jobId: string; reason: string };

/** How a settled job ends. `at` fields are set by the script from Redis TIME. */
export type Settlement =
  | { status: 'completed'; result: Record<string, unknown> }
  | { status: 'failed'; error: string; result?: Record<string, unknown> }
  /** Leaves running, keeps status cancelled, gets completed_at (contract 1.7). */
  | { status: 'cancelled' };

export type SettleOutcome =
  /** Done, now or by an earlier call of ours whose reply was lost. */
  | { kind: 'settled'; status: 'completed' | 'failed' | 'cancelled' }
  /** The token is not current: another agent has the job. Nothing was written. */
  | { kind: 'fenced' }
  /** The job was deleted meanwhile; our bookkeeping is cleared, nothing resurrected. */
  | { kind: 'gone' }
  /** Somebody else had already ended it (cancelled by the platform, failed by its sweep): their status stands. */
  | { kind: 'overruled'; status: 'completed' | 'failed' | 'cancelled' };

export type RenewOutcome = 'renewed' | 'lost' | 'cancelled' | 'gone';

/** The agent's half. */
export interface JobConsumer {
  claim(request: ClaimRequest): Promise<ClaimOutcome>;
  /**
   * Renews leases; also keeps the running score fresh enough for the platform's sweep (contract 1.8).
   * @returns one word per claim, in order.
   */
  renew(claims: readonly ClaimRef[], leaseMs: number): Promise<RenewOutcome[]>;
  /** ComfyUI is through with the job: from now on its person counts as served, though its end is not written yet. */
  executed(claim: ClaimRef): Promise<void>;
  settle(claim: Claim, settlement: Settlement): Promise<SettleOutcome>;
  /**
   * Gives the job back to its old place in the queue. The attempt counts, unless `uncounted` says that ComfyUI never
   * got to see the job or that the agent gave it back of its own will.
   */
  requeue(
    claim: ClaimRef,
    reason: string,
    options?: { uncounted?: boolean },
  ): Promise<'requeued' | 'fenced' | 'gone' | 'cancelled'>;
  /** Parks a job that cannot be read by a claim that holds it. */
  park(claim: ClaimRef, reason: string): Promise<void>;
  /** The status that stands in Redis now; undefined when the job is gone or unreadable. */
  status(jobId: string): Promise<string | undefined>;
}

/** Outcome of a console's act on a job; the words reach the host through one mapping. */
export type ActOutcome = { kind: 'done' } | { kind: 'not-found' } | { kind: 'wrong-state'; status: string };

/** The console's half. */
export interface QueueConsole {
  /** Removes a waiting job as the platform's cancel does (contract 1.7). */
  cancelPending(jobId: string): Promise<ActOutcome>;
  /** Takes that back within 15 minutes: the job waits again in its old place. */
  reinstate(jobId: string): Promise<ActOutcome>;
  /** Marks a running job cancelled; whoever runs it must stop. */
  cancelRunning(jobId: string): Promise<ActOutcome>;
  prioritise(jobId: string, priority: Priority): Promise<ActOutcome>;
  /** Moves a failed or cancelled job, or one that stands in no queue, back to pending; in its old place if known. */
  requeue(jobId: string): Promise<ActOutcome>;
}
