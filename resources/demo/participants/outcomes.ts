import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keys } from '../../../worker-agent/src/contract/keys.ts';

const jobSchema = z.object({ status: z.string() });

/** Of these ids, the ones that wait or run; asked in one step so that none is seen between two queues. */
export async function unsettled(redis: Redis, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const replies = await redis
    .multi()
    .zmscore(keys.pending, ...ids)
    .zmscore(keys.running, ...ids)
    .exec();
  const found = new Set<string>();
  for (const [error, scores] of replies ?? []) {
    if (error) throw error;
    if (!Array.isArray(scores)) continue;
    for (const [at, id] of ids.entries()) if (scores[at] !== null) found.add(id);
  }
  return found;
}

/** Status of a job as the platform would read it; null when there is no such job. */
export async function jobStatus(redis: Redis, id: string): Promise<string | null> {
  const text = await redis.get(keys.job(id));
  if (text === null) return null;
  try {
    return jobSchema.parse(JSON.parse(text)).status;
  } catch {
    return 'unreadable';
  }
}
