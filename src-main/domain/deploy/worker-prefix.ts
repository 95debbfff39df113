/** What else works, or is meant to work, in the workshop of a machine that is deployed to. */
export interface Neighbours {
  /** GPU hosts of the workshop besides this one, deployed to or not. */
  count: number;
  /** Prefixes that living agents of other machines give their workers now. */
  prefixes: ReadonlySet<string>;
}

export const NO_NEIGHBOURS: Neighbours = { count: 0, prefixes: new Set() };

/** What the agent gives its workers when nobody says otherwise: the platform's spelling, worker-1. */
const PLATFORM = 'worker';
/** What the agent takes as WORKER_ID_PREFIX. */
const LONGEST = 60;

/**
 * WORKER_ID_PREFIX for a machine. Two machines with one prefix would both have a worker-1: the doctor refuses the
 * second while the first works, and where that one is scaled to 0, their workers later share heartbeats and claims. So
 * one machine by itself spells as the platform does, and each of several is named for its host. What stands on a
 * machine is kept, as jobs may run under it, unless another living agent uses it, too.
 * @param standing the prefix of the machine's present configuration; null where it has none yet.
 * @returns undefined for the agent's own default.
 */
export function workerPrefix(
  standing: string | null,
  hostId: string,
  neighbours: Neighbours,
): string | undefined {
  if (standing !== null && !neighbours.prefixes.has(standing))
    return standing === PLATFORM ? undefined : standing;
  const alone = neighbours.count === 0 && neighbours.prefixes.size === 0;
  if (standing === null && alone) return undefined;
  return `${hostId.slice(0, LONGEST - PLATFORM.length - 1)}-${PLATFORM}`;
}

/** The prefix that a machine's present configuration gives its workers; null where there is none. */
export function standingPrefix(entries: Readonly<Record<string, string>> | null): string | null {
  return entries && (entries.WORKER_ID_PREFIX?.trim() || PLATFORM);
}

/** "gpu-2-worker" of "gpu-2-worker-1". */
export function prefixOf(workerId: string): string {
  return workerId.replace(/-\d+$/, '');
}
