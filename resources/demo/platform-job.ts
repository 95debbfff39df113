import type { Redis } from 'ioredis';
import { formatPlatformDate } from '../../worker-agent/src/contract/job.ts';
import { keys } from '../../worker-agent/src/contract/keys.ts';

/** A submission as the platform's queue-manager takes it. */
export interface PlatformJob {
  id: string;
  userId: string;
  /** The workflow's JSON as raw text; it is embedded as it stands. */
  workflow: string;
  priority: 0 | 1 | 2 | 3;
  /** Microseconds since 1970. */
  createdAtMicros: number;
  metadata?: Record<string, unknown>;
}

/** The job's JSON as the queue-manager writes it (contract 1.2): compact, raw UTF-8, every key, in this order. */
export function platformJobText(job: PlatformJob): string {
  return (
    `{"id":${JSON.stringify(job.id)},"user_id":${JSON.stringify(job.userId)},"workflow":${job.workflow},` +
    `"status":"pending","priority":${job.priority},"created_at":"${formatPlatformDate(job.createdAtMicros)}",` +
    `"started_at":null,"completed_at":null,"worker_id":null,"result":null,"error":null,` +
    `"metadata":${JSON.stringify(job.metadata ?? {})}}`
  );
}

/** Score in queue:pending (contract 1.4). */
export function platformScore(job: Pick<PlatformJob, 'priority' | 'createdAtMicros'>): number {
  return job.priority * 1_000_000 + job.createdAtMicros / 1e6;
}

/** Submits a job with the queue-manager's own three writes; it publishes nothing (contract 1.6). */
export async function submitAsQueueManager(redis: Redis, job: PlatformJob): Promise<void> {
  await redis.set(keys.job(job.id), platformJobText(job));
  await redis.zadd(keys.pending, platformScore(job), job.id);
  await redis.sadd(keys.userJobs(job.userId), job.id);
}
