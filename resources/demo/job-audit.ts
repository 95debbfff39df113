import type { Redis } from 'ioredis';
import { keys } from '../../worker-agent/src/contract/keys.ts';
import type { Submission } from './participants/ledger.ts';
import { jobStatus } from './participants/outcomes.ts';
import type { UpdateListener } from './update-listener.ts';

/** What an independent look at Redis says about every submitted job. */
export interface JobAudit {
  submitted: number;
  completed: number;
  failed: number;
  cancelled: number;
  waiting: number;
  running: number;
  /** One sentence per job that is in no state a participant could expect. */
  lost: string[];
  /** One sentence per job that was settled more than once. */
  settledTwice: string[];
  /** The beginning of each message on the platform's channel that its dashboards could not read. */
  unreadableUpdates: string[];
}

const QUEUES = [keys.pending, keys.running, keys.completed, keys.failed] as const;

/**
 * Holds Redis against what the participants handed in. Knows nothing of the agent but the platform's own keys
 * (contract 1.1): each job must stand in exactly the queue that its status says.
 * @param updates what was heard on the platform's channel: tells which waiting jobs a console removed.
 */
export async function auditJobs(
  redis: Redis,
  submissions: readonly Submission[],
  updates: UpdateListener = { deleted: new Set(), unreadable: [] },
): Promise<JobAudit> {
  const audit: JobAudit = {
    submitted: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    waiting: 0,
    running: 0,
    lost: [],
    settledTwice: [],
    unreadableUpdates: updates.unreadable.map((message) => message.slice(0, 5000)),
  };
  const completedBy = new Map<string, number>();
  for (const submission of submissions) {
    const status = await jobStatus(redis, submission.id);
    const queues = await queuesOf(redis, submission.id);
    const gone = status === null && queues.length === 0;
    const halfSubmitted =
      submission.state === 'uncertain' && (gone || (status === 'pending' && queues.length === 0));
    if (halfSubmitted) continue;
    audit.submitted += 1;
    if (queues.includes(keys.completed))
      completedBy.set(submission.userId, (completedBy.get(submission.userId) ?? 0) + 1);
    judge(audit, submission, status, queues, updates.deleted.has(submission.id));
  }
  for (const [userId, count] of completedBy) {
    const counted = Number(await redis.get(keys.userCompleted(userId)));
    if (counted !== count)
      audit.settledTwice.push(`${userId} has ${count} completed jobs but was counted ${counted} times`);
  }
  return audit;
}

function judge(
  audit: JobAudit,
  { id, userId, cancelled }: Submission,
  status: string | null,
  queues: readonly string[],
  deletedByOthers: boolean,
): void {
  const name = `${id} of ${userId}`;
  const place = queues.length === 0 ? 'no queue' : queues.join(' and ');
  if (queues.length > 1) {
    audit.settledTwice.push(`${name} says ${status} and stands in ${place}`);
    return;
  }
  const [queue] = queues;
  if (status === null && queue === undefined && (cancelled === 'deleted' || deletedByOthers))
    audit.cancelled += 1;
  else if (status === 'completed' && queue === keys.completed) audit.completed += 1;
  else if (status === 'failed' && queue === keys.failed) audit.failed += 1;
  // The platform's cancel of a running job reads and writes without a guard: it may overwrite a completion.
  else if (
    status === 'cancelled' &&
    (queue === undefined || (queue === keys.completed && cancelled === 'marked'))
  )
    audit.cancelled += 1;
  else if (status === 'pending' && queue === keys.pending) audit.waiting += 1;
  else if ((status === 'running' || status === 'cancelled') && queue === keys.running) audit.running += 1;
  else audit.lost.push(`${name} says ${status ?? 'nothing (no such job)'} and stands in ${place}`);
}

async function queuesOf(redis: Redis, id: string): Promise<string[]> {
  const scores = await Promise.all(QUEUES.map((queue) => redis.zscore(queue, id)));
  return QUEUES.filter((_, at) => scores[at] !== null);
}
