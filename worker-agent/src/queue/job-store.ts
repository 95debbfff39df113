import type { Redis } from 'ioredis';
import { toWorkshopError, WorkshopError } from '../contract/errors.ts';
import { type JobText, readJobText } from '../contract/job-text.ts';
import { keys } from '../contract/keys.ts';

/** A job's text as it stands in Redis. */
export type StoredJob =
  | { kind: 'readable'; job: JobText }
  | { kind: 'unreadable'; reason: string }
  | { kind: 'gone' };

/** Reads a job's whole text. A key of another type counts as unreadable. */
export async function fetchJob(redis: Redis, jobId: string): Promise<StoredJob> {
  try {
    const bytes = await redis.getBuffer(keys.job(jobId));
    return bytes ? interpretJob(bytes, jobId) : { kind: 'gone' };
  } catch (cause) {
    if (cause instanceof Error && cause.message.startsWith('WRONGTYPE'))
      return { kind: 'unreadable', reason: 'its job key is not a text' };
    throw toWorkshopError(cause, 'REDIS_UNREACHABLE');
  }
}

/** Reads a job's bytes; what is wrong with them is a value here. */
export function interpretJob(bytes: Buffer, jobId: string): StoredJob {
  try {
    return { kind: 'readable', job: readJobText(bytes, jobId) };
  } catch (cause) {
    if (cause instanceof WorkshopError && cause.code === 'JOB_UNREADABLE')
      return { kind: 'unreadable', reason: cause.message };
    throw cause;
  }
}
