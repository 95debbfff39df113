import type { JobSummary } from '../../../src-main/api/types.ts';
import { clockText, spanText, stopwatchText, UNKNOWN } from '../../components/format.ts';
import type { Tone } from '../../components/tone.ts';
import { toLocal } from '../../live/clock.ts';

export const STATUS_WORDS: Record<JobSummary['status'], { word: string; tone: Tone }> = {
  pending: { word: 'waiting', tone: 'queued' },
  running: { word: 'running', tone: 'busy' },
  completed: { word: 'done', tone: 'ok' },
  failed: { word: 'failed', tone: 'fail' },
  cancelled: { word: 'cancelled', tone: 'off' },
  unreadable: { word: 'unreadable', tone: 'warn' },
};

/** When it was submitted: "14:02". */
export function createdText(job: JobSummary, clockOffsetMs: number | null, now: number): string {
  const at = toLocal(job.createdAt, clockOffsetMs);
  return at === null ? UNKNOWN : clockText(at, now);
}

/** How long from one moment to another, both of one clock; a dash while either is not known. */
export const spanBetween = (from: number | null, until: number | null): string =>
  from === null || until === null ? UNKNOWN : stopwatchText(Math.max(0, until - from));

/**
 * When it starts, or how long it waits where that is not known; how long it runs or ran.
 * @param starts see `jobStartWords`. @param leftAt when it left its GPU while its files are still brought away, Redis time, epoch ms.
 */
export function lastingText(
  job: JobSummary,
  clockOffsetMs: number | null,
  now: number,
  { starts, leftAt }: { starts?: string | undefined; leftAt?: number | undefined } = {},
): string {
  if (job.status === 'pending') {
    if (starts !== undefined) return starts;
    const since = toLocal(job.createdAt, clockOffsetMs);
    return since === null ? UNKNOWN : `waits ${spanText(now - since)}`;
  }
  if (job.startedAt === null) return UNKNOWN;
  if (job.computed) return stopwatchText(job.computed[1] - job.computed[0]);
  if (job.status === 'running' && leftAt !== undefined)
    return `${stopwatchText(Math.max(0, leftAt - job.startedAt))}, delivering`;
  if (job.status === 'running') {
    const since = toLocal(job.startedAt, clockOffsetMs);
    return since === null ? UNKNOWN : stopwatchText(now - since);
  }
  return job.completedAt === null ? UNKNOWN : stopwatchText(job.completedAt - job.startedAt);
}
