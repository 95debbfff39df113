import type { StartEstimate } from '../wait/waits.ts';
import type { JobSummary, WorkshopSnapshot } from '../workshop.ts';

/** When somebody's turn begins, local epoch ms; null is not known. */
export type RoomTurn =
  /** The 15th, 50th and 90th percentile. */
  { kind: 'range'; from: number; middle: number; to: number; guess: boolean } | { kind: 'held' } | null;

/** A person in the queue, once, by the first of their jobs. */
export interface RoomPerson {
  name: string;
  /** Jobs of theirs that wait. */
  jobs: number;
  turn: RoomTurn;
}

/** Who waits, in the order in which they come, as it is simulated; without that, in the queue's own. */
export function peopleOf(
  snapshot: Readonly<WorkshopSnapshot>,
  nameOf: (userId: string) => string,
): RoomPerson[] {
  const waiting = Object.values(snapshot.jobs)
    .filter(({ queue }) => queue === 'pending')
    .sort(inQueueOrder);
  const heldUsers = new Set(snapshot.control?.heldUsers ?? []);
  const byUser = new Map<string, RoomPerson>();
  for (const job of waiting) {
    const known = byUser.get(job.userId);
    if (known) known.jobs += 1;
    else
      byUser.set(job.userId, {
        name: nameOf(job.userId),
        jobs: 1,
        turn: heldUsers.has(job.userId) ? { kind: 'held' } : turnOf(snapshot, job),
      });
  }
  const turnFirst = snapshot.control?.nextTurn;
  return [...byUser]
    .map(([userId, person]) => ({
      person,
      rank: heldUsers.has(userId) ? 2 : person.turn?.kind === 'range' ? 0 : 1,
      start: person.turn?.kind === 'range' ? person.turn.middle : 0,
      after: userId === turnFirst ? 0 : 1,
    }))
    .sort((a, b) => a.rank - b.rank || a.start - b.start || a.after - b.after)
    .map(({ person }) => person);
}

function turnOf(snapshot: Readonly<WorkshopSnapshot>, job: JobSummary): RoomTurn {
  const { waits } = snapshot;
  if (!waits) return null;
  const estimate: StartEstimate | undefined = Object.hasOwn(waits.byUser, job.userId)
    ? waits.byUser[job.userId]
    : waits.byJob[job.id];
  if (estimate?.kind === 'held') return { kind: 'held' };
  if (estimate?.kind !== 'range') return null;
  return {
    kind: 'range',
    from: waits.at + estimate.low,
    middle: waits.at + estimate.p50,
    to: waits.at + estimate.p90,
    guess: estimate.guess,
  };
}

/** Lower score first, ties by id (contract 1.4). */
function inQueueOrder(a: JobSummary, b: JobSummary): number {
  const [left, right] = [a.score ?? Number.MAX_VALUE, b.score ?? Number.MAX_VALUE];
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
