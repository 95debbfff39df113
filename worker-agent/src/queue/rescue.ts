import type { Redis } from 'ioredis';
import { parsePlatformDate } from '../contract/job.ts';
import { jobIdOfKey, prefixes } from '../contract/keys.ts';
import { guardArguments } from './edit.ts';
import { peekJob } from './peek.ts';
import { runForList, runForWord } from './script-runner.ts';

/** What looks wrong about an id (scripts/survey.lua, scripts/nowhere.lua). */
export type StrayKind = 'expired' | 'unclaimed' | 'doubled' | 'ended' | 'both' | 'nowhere';

export interface Stray {
  kind: StrayKind;
  jobId: string;
}

const STRAY_KINDS: readonly StrayKind[] = ['expired', 'unclaimed', 'doubled', 'ended', 'both'];

/** Takes or renews a lock; true while it is ours. `holder` differs for each start of each agent. */
export async function holdLock(redis: Redis, name: string, holder: string, ttlMs: number): Promise<boolean> {
  return (await runForWord(redis, 'lock', [name, holder, ttlMs])) === 'held';
}

/** Ids whose place in the queues cannot be right. Cheap: no job text is read. */
export async function surveyQueues(redis: Redis): Promise<Stray[]> {
  const words = (await runForList(redis, 'survey', [])).map(String);
  const strays: Stray[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const kind = STRAY_KINDS.find((known) => known === words[at]);
    const jobId = words[at + 1];
    if (kind && jobId !== undefined) strays.push({ kind, jobId });
  }
  return strays;
}

/**
 * Jobs that stand in no queue at all: popped by the platform's next-job and never run, or ended by it half-way
 * (contract 1.6, 2.3). Walks all job keys in pages, so that Redis never works long at a time.
 */
export async function findNowhere(redis: Redis): Promise<Stray[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, jobKeys] = await redis.scan(cursor, 'MATCH', `${prefixes.job}*`, 'COUNT', 500);
    cursor = next;
    const ids = jobKeys.flatMap((key) => jobIdOfKey(key) ?? []);
    if (ids.length > 0) for (const id of await runForList(redis, 'nowhere', ids)) found.add(id.toString());
  } while (cursor !== '0');
  return [...found].map((jobId) => ({ kind: 'nowhere', jobId }));
}

/** A job that has ended goes where it belongs. `still` says that it has not ended, or changed meanwhile. */
export type TidyOutcome = 'completed' | 'failed' | 'cancelled' | 'missing' | 'still' | 'unreadable';

/**
 * Cleans the queues of one job that has ended, or whose key is gone; leaves any other as it is. A completion that the
 * platform wrote but never counted is counted (contract 1.6).
 */
export async function tidyEnded(redis: Redis, jobId: string): Promise<TidyOutcome> {
  const seen = await peekJob(redis, jobId);
  if (seen.kind === 'unreadable') return 'unreadable';
  if (seen.kind === 'gone')
    return (await runForWord(redis, 'tidy', [jobId, 'missing', '', ''])) === 'done' ? 'missing' : 'still';
  const { status, user_id: userId, completed_at: completedAt } = seen.job.fields;
  if (status === 'pending' || status === 'running') return 'still';
  const endedMs = parsePlatformDate(completedAt);
  const ended = endedMs === null ? '' : String(endedMs / 1000);
  const guard = guardArguments(seen.job, seen.hidden);
  const word = await runForWord(redis, 'tidy', [jobId, status, userId, ended, ...guard]);
  return word === 'done' ? status : 'still';
}

/** Takes a running job's second place in queue:pending away. @returns false when it is not such a job any more. */
export async function dropTwin(redis: Redis, jobId: string): Promise<boolean> {
  return (await runForWord(redis, 'untwin', [jobId])) === 'done';
}
