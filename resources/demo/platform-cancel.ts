import type { Redis } from 'ioredis';
import { formatPythonIso } from '../../worker-agent/src/contract/job.ts';
import { channels, keys } from '../../worker-agent/src/contract/keys.ts';

/** `deleted`: it waited and is gone. `marked`: it ran and now says cancelled; whoever runs it must notice. */
export type PlatformCancelOutcome = 'deleted' | 'marked' | 'not-found' | 'wrong-state';

/**
 * Cancels a job with the queue-manager's own steps, one command after the other and without any guard against what
 * happens in between (contract 1.7).
 */
export async function cancelAsQueueManager(redis: Redis, jobId: string): Promise<PlatformCancelOutcome> {
  const text = await redis.get(keys.job(jobId));
  if (text === null) return 'not-found';
  const job: unknown = JSON.parse(text);
  if (typeof job !== 'object' || job === null || !('status' in job) || !('user_id' in job))
    return 'not-found';
  if (job.status === 'pending') {
    for (const queue of [keys.pending, keys.running, keys.completed, keys.failed])
      await redis.zrem(queue, jobId);
    await redis.srem(keys.userJobs(String(job.user_id)), jobId);
    await redis.del(keys.job(jobId));
    const timestamp = formatPythonIso(Date.now() * 1000);
    const envelope = { type: 'job_deleted', data: { job_id: jobId }, timestamp };
    await redis.publish(channels.updates, JSON.stringify(envelope));
    return 'deleted';
  }
  if (job.status !== 'running') return 'wrong-state';
  // The status stands behind the workflow, whose own text may hold the same words: the last one is the job's.
  const at = text.lastIndexOf('"status":"running"');
  await redis.set(keys.job(jobId), `${text.slice(0, at)}"status":"cancelled"${text.slice(at + 18)}`);
  return 'marked';
}
