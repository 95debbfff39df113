import type { HostView } from '../../src-main/api/types.ts';

/** Starts remembered; older ones no longer say how long a start takes now. */
const KEPT = 20;

/** How long workers took from starting to ready, ms, as this session saw it. Times are Redis's on both ends. */
export type StartTimes = readonly number[];

/** Looks for workers that became ready between two words of a host. @returns `times` itself when there is none. */
export function learnStarts(times: StartTimes, before: HostView | undefined, after: HostView): StartTimes {
  let learned = times;
  for (const worker of after.status?.workers ?? []) {
    const old = before?.status?.workers.find(({ id }) => id === worker.id)?.state;
    if (old?.kind !== 'starting') continue;
    if (worker.state.kind !== 'idle' && worker.state.kind !== 'busy' && worker.state.kind !== 'drained')
      continue;
    const took = worker.state.since - old.since;
    if (took > 0) learned = [...learned, took].slice(-KEPT);
  }
  return learned;
}

/** Median start, ms; null before any was seen. */
export function usualStart(times: StartTimes): number | null {
  if (times.length === 0) return null;
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
