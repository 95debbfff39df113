import type { LaterWaits, StartEstimate, Waits } from './waits.ts';

/** Moments that differ by less than this, ms, or by this share of the wait, are the same to a reader. */
const MOMENT = 2000;
const SHARE = 0.03;
/** Of jobs far back in line nobody counts the seconds: they are told again when they move by this share, */
const LATER_SHARE = 0.1;
/** and no more often than this, ms. */
const LATER_EVERY = 5000;

/** Whether new estimates say nothing that the old ones, grown older, do not. */
export function isNoNews(old: Waits | null, fresh: Waits | null): boolean {
  if (!old || !fresh) return old === fresh;
  const aged = fresh.at - old.at;
  return (
    old.medianErrorMs === fresh.medianErrorMs &&
    old.estimatesMade === fresh.estimatesMade &&
    sameEstimate(old.newJob, fresh.newJob, aged) &&
    sameAll(old.byJob, fresh.byJob, aged) &&
    sameAll(old.byUser, fresh.byUser, aged) &&
    old.whatIf.length === fresh.whatIf.length &&
    old.whatIf.every(({ workers, p50 }, at) => {
      const other = fresh.whatIf[at];
      return other?.workers === workers && isClose(p50 - aged, other.p50);
    })
  );
}

/**
 * Whether the estimates of later jobs need not be told again. Those that are told and not among the fresh ones have
 * moved to the front, where they are told better.
 */
export function isLaterNoNews(old: LaterWaits | null, fresh: LaterWaits | null): boolean {
  if (!old || !fresh) return old === fresh;
  const aged = fresh.at - old.at;
  if (aged >= 0 && aged < LATER_EVERY) return true;
  return Object.entries(fresh.byJob).every(([id, after]) => {
    const before = Object.hasOwn(old.byJob, id) ? old.byJob[id] : undefined;
    return before !== undefined && sameEstimate(before, after, aged, LATER_SHARE);
  });
}

type Estimates = Readonly<Record<string, StartEstimate>>;

function sameAll(old: Estimates, fresh: Estimates, aged: number): boolean {
  const ids = Object.keys(fresh);
  return (
    ids.length === Object.keys(old).length &&
    ids.every((id) => {
      const [before, after] = [old[id], fresh[id]];
      return before !== undefined && after !== undefined && sameEstimate(before, after, aged);
    })
  );
}

function sameEstimate(old: StartEstimate, fresh: StartEstimate, aged: number, share = SHARE): boolean {
  if (old.kind !== 'range' || fresh.kind !== 'range')
    return (
      old.kind === fresh.kind && (old.kind !== 'held' || fresh.kind !== 'held' || old.what === fresh.what)
    );
  return (
    old.guess === fresh.guess &&
    isClose(old.low - aged, fresh.low, share) &&
    isClose(old.p50 - aged, fresh.p50, share) &&
    isClose(old.p90 - aged, fresh.p90, share)
  );
}

function isClose(expected: number, found: number, share = SHARE): boolean {
  return Math.abs(Math.max(0, expected) - found) <= Math.max(MOMENT, found * share);
}
