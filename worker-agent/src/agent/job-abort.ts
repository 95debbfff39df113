import { WorkshopError } from '../contract/errors.ts';

/** Why work on a claimed job was given up; the abort signal of that job carries it as its reason. */
export type GiveUp =
  /** Status became cancelled: interrupt, discard, settle as cancelled. */
  | { kind: 'cancelled' }
  /** Our token is no longer current: interrupt, discard, write nothing. */
  | { kind: 'lost' }
  /** The job was deleted, or somebody else ended it. */
  | { kind: 'gone' }
  | { kind: 'timeout' }
  /** The agent leaves at once: interrupt and give the job back. */
  | { kind: 'shutdown' };

export class GiveUpError extends Error {
  override readonly name = 'GiveUpError';
  readonly giveUp: GiveUp;

  constructor(giveUp: GiveUp) {
    super(`work given up: ${giveUp.kind}`);
    this.giveUp = giveUp;
  }
}

/** The reason a job's signal was aborted for; undefined while it is not. */
export function giveUpOf(signal: AbortSignal): GiveUp | undefined {
  if (!signal.aborted) return undefined;
  const reason: unknown = signal.reason;
  if (reason instanceof GiveUpError) return reason.giveUp;
  throw new WorkshopError('INTERNAL', 'A job was aborted without a reason.', { cause: reason });
}
