import type { LiveState, Waits } from '../../live/store.ts';

/**
 * The waiting jobs that start first, as main simulated it with the mode, limits and the next turn; those of held people
 * last. Jobs that came after the last estimates stand behind, in the queue's own order.
 */
export function nextInLine(
  { jobs, control, waits }: Pick<LiveState, 'jobs' | 'control' | 'waits'>,
  most: number,
): string[] {
  const held = new Set(control?.heldUsers);
  const waiting = (id: string) => {
    const job = jobs.get(id);
    return job?.queue === 'pending' && !held.has(job.userId);
  };
  const first = simulated(waits).filter(waiting).slice(0, most);
  if (first.length === most) return first;
  const known = new Set(first);
  const rest = jobs.firstWaiting(jobs.waitingCount).filter(({ id }) => !known.has(id));
  const free = rest.filter(({ userId }) => !held.has(userId));
  const turn = first.length === 0 ? free.find(({ userId }) => userId === control?.nextTurn) : undefined;
  const others = [...free.filter((job) => job !== turn), ...rest.filter(({ userId }) => held.has(userId))];
  const behind = (turn ? [turn, ...others] : others).map(({ id }) => id);
  return [...first, ...behind].slice(0, most);
}

/** Ids by the middle of their range; main tells them in the order of the line, which decides between equals. */
function simulated(waits: Waits | null): string[] {
  return Object.entries(waits?.byJob ?? {})
    .flatMap(([id, estimate]) => (estimate.kind === 'range' ? [{ id, p50: estimate.p50 }] : []))
    .sort((a, b) => a.p50 - b.p50)
    .map(({ id }) => id);
}
