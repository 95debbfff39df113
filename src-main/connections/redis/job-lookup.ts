import type { Redis } from 'ioredis';
import { workflowBytes } from '../../../worker-agent/src/contract/job-text.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { fetchJob } from '../../../worker-agent/src/queue/job-store.ts';
import { peekJob } from '../../../worker-agent/src/queue/peek.ts';
import { readSummaries } from '../../../worker-agent/src/queue/summaries.ts';
import { attempt } from './attempt.ts';

/** Reads single jobs; the workflow only when it is asked for. All methods @throw WorkshopError. */
export function createJobLookup(client: () => Redis) {
  return {
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
