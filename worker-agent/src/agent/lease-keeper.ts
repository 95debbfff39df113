import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';
import type { ClaimRef, JobConsumer, RenewOutcome } from '../queue/roles.ts';
import { GiveUpError } from './job-abort.ts';

export interface LeaseKeeperOptions {
  consumer: Pick<JobConsumer, 'renew'>;
  leaseMs: number;
  /** Between two renewals of all claims; also how soon a cancellation is seen should the change feed fail. */
  intervalMs: number;
  log: Logger;
}

export interface LeaseKeeper {
  /** Renews this claim from now on; what becomes of the job aborts `work`. @returns lets the claim go. */
  hold(claim: ClaimRef, work: AbortController): () => void;
  /** Looks at one job at once: the change feed says that it changed. Jobs that are not held are passed over. */
  check(jobId: string): void;
  /** Renews everything at once, after a reconnect. */
  renewNow(): Promise<void>;
  holds(jobId: string): boolean;
  close(): void;
}

interface Held {
  ref: ClaimRef;
  work: AbortController;
}

/**
 * Keeps the leases of all running jobs, in one batch on one timer. A lease that cannot be renewed because Redis is
 * away does not stop the work: the token decides when it is back (contract 8.9).
 */
export function createLeaseKeeper(options: LeaseKeeperOptions): LeaseKeeper {
  const { consumer, leaseMs, intervalMs, log } = options;
  const held = new Map<string, Held>();
  let timer: NodeJS.Timeout | undefined;
  let renewing: Promise<void> | undefined;

  const judge = (entry: Held, outcome: RenewOutcome | undefined) => {
    if (outcome === undefined || outcome === 'renewed' || held.get(entry.ref.jobId) !== entry) return;
    entry.work.abort(new GiveUpError({ kind: outcome }));
  };
  const renew = async (entries: readonly Held[]) => {
    if (entries.length === 0) return;
    try {
      const outcomes = await consumer.renew(
        entries.map((entry) => entry.ref),
        leaseMs,
      );
      for (const [at, entry] of entries.entries()) judge(entry, outcomes[at]);
    } catch (cause) {
      log.debug({ reason: toWorkshopError(cause).message }, 'leases could not be renewed');
    }
  };
  const renewAll = () => {
    renewing ??= renew([...held.values()]).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };

  return {
    hold(claim, work) {
      const entry = { ref: { jobId: claim.jobId, token: claim.token }, work };
      held.set(claim.jobId, entry);
      timer ??= setInterval(() => void renewAll(), intervalMs);
      return () => {
        if (held.get(claim.jobId) === entry) held.delete(claim.jobId);
        if (held.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    check(jobId) {
      const entry = held.get(jobId);
      if (entry && !entry.work.signal.aborted) void renew([entry]);
    },
    renewNow: renewAll,
    holds: (jobId) => held.has(jobId),
    close() {
      clearInterval(timer);
      held.clear();
    },
  };
}
