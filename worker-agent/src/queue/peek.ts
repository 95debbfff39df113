import type { Redis } from 'ioredis';
import type { JobText } from '../contract/job-text.ts';
import { fetchJob, interpretJob, type StoredJob } from './job-store.ts';
import { runForList } from './script-runner.ts';

/**
 * A job read without its workflow: `job` holds `{}` in its place, and `hidden` counts the bytes left out, so that
 * edits can be placed in the stored text. A job can weigh 10 MB, and the console's link is a hotel's.
 */
export type PeekedJob =
  | { kind: 'readable'; job: JobText; hidden: number }
  | Exclude<StoredJob, { kind: 'readable' }>;

/** Reads a job's fields; moves the whole text only when its layout is not the platform's. */
export async function peekJob(redis: Redis, jobId: string): Promise<PeekedJob> {
  const [kind, start, end, before, behind] = await runForList(redis, 'peek', [jobId]);
  const word = kind?.toString();
  if (word === 'gone') return { kind: 'gone' };
  if (word === 'unreadable') return { kind: 'unreadable', reason: 'its job key is not a text' };
  if (word === 'job' && start && end && before && behind) {
    const stored = interpretJob(Buffer.concat([before, Buffer.from('{}'), behind]), jobId);
    if (stored.kind === 'readable')
      return { ...stored, hidden: Number(end.toString()) - Number(start.toString()) - 2 };
  }
  const whole = await fetchJob(redis, jobId);
  return whole.kind === 'readable' ? { ...whole, hidden: 0 } : whole;
}
