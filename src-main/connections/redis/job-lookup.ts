import type { Redis } from 'ioredis';
import { workflowBytes } from '../../../worker-agent/src/contract/job-text.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { fetchJob } from '../../../worker-agent/src/queue/job-store.ts';
import { peekJob } from '../../../worker-agent/src/queue/peek.ts';
import { readSummaries } from '../../../worker-agent/src/queue/summaries.ts';
import { attempt } from './attempt.ts';
import { summariseOne } from './job-list.ts';

/** Where a job that no list reaches may stand, looked up by its id alone. */
const QUEUES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;

/** Reads single jobs; the workflow only when it is asked for. All methods @throw WorkshopError. */
export function createJobLookup(client: () => Redis) {
  return {
    find: (jobId: string) =>
      attempt(async () => {
        const redis = client();
        const [[digest], leftMs, ...scores] = await Promise.all([
          readSummaries(redis, [jobId]),
          redis.pttl(keys.withdrawn(jobId)),
          ...QUEUES.map((queue) => redis.zscore(keys[queue], jobId)),
        ]);
        if (digest) {
          const places = QUEUES.flatMap((queue, at) => {
            const score = scores[at] ?? null;
            return score === null ? [] : [{ queue, score: Number(score), reason: null }];
          });
          return { kind: 'job' as const, job: summariseOne(jobId, digest, places) };
        }
        return leftMs > 0 ? { kind: 'withdrawn' as const, leftMs } : { kind: 'gone' as const };
      }),
    record: (jobId: string) =>
      attempt(async () => {
        const redis = client();
        const [peeked, [digest], claim] = await Promise.all([
          peekJob(redis, jobId),
          readSummaries(redis, [jobId]),
          redis.hmget(keys.claim(jobId), 'attempt', 'worker', 'host', 'reason'),
        ]);
        if (peeked.kind === 'gone') return undefined;
        const [attempts, workerId = null, hostId = null, reason = null] = claim;
        const { classTypes = [], models = [], sizes = [] } = digest ?? {};
        return {
          fields: peeked.kind === 'readable' ? peeked.job.fields : undefined,
          reason: peeked.kind === 'unreadable' ? peeked.reason : null,
          traits: { classTypes, models, sizes },
          claim: { attempt: attempts ? Number(attempts) : null, workerId, hostId, reason },
        };
      }),
    workflow: (jobId: string) =>
      attempt(async () => {
        const stored = await fetchJob(client(), jobId);
        return stored.kind === 'readable' ? workflowBytes(stored.job) : undefined;
      }),
  };
}
