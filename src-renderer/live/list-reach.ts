import type { JobSummary, QueueCounts } from '../../src-main/api/types.ts';

/** What main lists of each kind of ended jobs, the newest; fewer than that are always listed whole. */
export const WHOLE_LISTS = 1000;

const ENDED = ['completed', 'failed', 'cancelled'] as const;
export type EndedKind = (typeof ENDED)[number];

/** A list that ends before the jobs do. */
export interface ShortList {
  kind: EndedKind;
  listed: number;
  all: number;
  /** When the oldest that is listed ended, Redis time; null when none says. */
  since: number | null;
}

/**
 * The kinds of ended jobs that are not listed whole: who counts them counts at least.
 * @param counts Redis's own; null while they are not known, and then nothing is said.
 */
export function shortListsOf(jobs: Iterable<JobSummary>, counts: QueueCounts | null): ShortList[] {
  if (counts === null || !ENDED.some((kind) => counts[kind] > WHOLE_LISTS)) return [];
  const lists = new Map<string | null, ShortList>(
    ENDED.map((kind) => [kind, { kind, listed: 0, all: counts[kind], since: null }]),
  );
  for (const { queue, completedAt } of jobs) {
    const list = lists.get(queue);
    if (!list) continue;
    list.listed += 1;
    if (completedAt !== null && (list.since === null || completedAt < list.since)) list.since = completedAt;
  }
  return [...lists.values()].filter(({ all, listed }) => all > WHOLE_LISTS && listed < all);
}
