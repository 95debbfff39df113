import { capOf, type QueueControl } from '../../../worker-agent/src/contract/desired.ts';
import type { JobSummary } from '../workshop.ts';

/** One step of priority in a score, s (contract 1.4). */
const PRIORITY_STEP = 1_000_000;

export interface Standing {
  job: JobSummary;
  /** Beyond what its user may have in line: it joins the end of the line when one of their jobs starts. */
  behind: boolean;
}

/**
 * Who stands where, as the claim decides it by score (includes/queue-order.lua): a user's first jobs in line, each at
 * its score but not before the start that let it in, then those behind the line.
 * @param waiting in score order. @param all every known job: their starts are what lets others in.
 */
export function inLine(
  waiting: readonly JobSummary[],
  all: readonly JobSummary[],
  lineCaps: QueueControl['lineCaps'],
): Standing[] {
  if (!lineCaps) return waiting.map((job) => ({ job, behind: false }));
  const starts = startsOf(all);
  const ranks = new Map<string, number>();
  const line: { job: JobSummary; place: number }[] = [];
  const behind: JobSummary[] = [];
  for (const job of waiting) {
    const limit = capOf(lineCaps, job.userId);
    const rank = (ranks.get(job.userId) ?? 0) + 1;
    ranks.set(job.userId, rank);
    const score = job.score ?? Number.MAX_VALUE;
    if (limit === null) line.push({ job, place: score });
    else if (rank > limit) behind.push(job);
    else {
      const letIn = starts.get(job.userId)?.[limit - rank] ?? 0;
      line.push({ job, place: Math.max(score, letIn / 1000 + PRIORITY_STEP * (job.priority ?? 2)) });
    }
  }
  line.sort((a, b) => a.place - b.place);
  return [
    ...line.map(({ job }) => ({ job, behind: false })),
    ...behind.map((job) => ({ job, behind: true })),
  ];
}

/** When each user's jobs were started, the latest first, Redis epoch ms. */
function startsOf(all: readonly JobSummary[]): Map<string, number[]> {
  const starts = new Map<string, number[]>();
  for (const { userId, startedAt, queue } of all) {
    if (startedAt === null || queue === 'pending') continue;
    const known = starts.get(userId);
    if (known) known.push(startedAt);
    else starts.set(userId, [startedAt]);
  }
  for (const own of starts.values()) own.sort((a, b) => b - a);
  return starts;
}
