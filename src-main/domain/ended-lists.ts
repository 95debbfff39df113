import { ENDED_LISTED, type WorkshopSnapshot } from './workshop.ts';

/** A job that ended a moment ago is counted before it is read. */
const UNREAD_AT_MOST = 20;

/**
 * How far back every ended job is listed. Of each kind only the newest are; what ended before that is not seen.
 * @returns Redis time, 0 when all are listed; null while the lists are not read to their ends.
 */
export function endedListedSince({ jobs, counts }: Readonly<WorkshopSnapshot>): number | null {
  if (!counts) return null;
  const lists = {
    completed: { read: 0, oldest: Number.POSITIVE_INFINITY },
    failed: { read: 0, oldest: Number.POSITIVE_INFINITY },
    cancelled: { read: 0, oldest: Number.POSITIVE_INFINITY },
  };
  for (const { queue, completedAt } of Object.values(jobs)) {
    if (queue !== 'completed' && queue !== 'failed' && queue !== 'cancelled') continue;
    lists[queue].read += 1;
    if (completedAt !== null) lists[queue].oldest = Math.min(lists[queue].oldest, completedAt);
  }
  let since = 0;
  for (const kind of ['completed', 'failed', 'cancelled'] as const) {
    const { read, oldest } = lists[kind];
    if (Math.min(counts[kind], ENDED_LISTED) - read > UNREAD_AT_MOST) return null;
    if (counts[kind] > ENDED_LISTED && Number.isFinite(oldest)) since = Math.max(since, oldest);
  }
  return since;
}
