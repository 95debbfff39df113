import type { JobProgress, WorkerState } from '../../../src-main/api/types.ts';
import { untilText } from '../../components/describe-link.ts';
import { clockText, cut, spanText, stopwatchText } from '../../components/format.ts';
import { PHASE_WORDS, stepText } from '../../components/progress-words.ts';
import type { Tone } from '../../components/tone.ts';
import { toLocal } from '../../live/clock.ts';

export interface WorkerWords {
  /** The state's word, beside its icon. */
  word: string;
  tone: Tone;
  /** Whose job it has in hand; undefined without one. */
  user?: string | undefined;
  /** What it does: the kind of job, or what it waits for, or why it failed. */
  what: string;
  /** How far it is, and since when. */
  how: string;
  /** How long it has been so, or how long the job runs, alone; empty when not known. */
  lasting: string;
  /** 0 to 1; null = under way, not known how far; undefined = nothing to measure. */
  share: number | null | undefined;
  /** Next step of a failure. */
  remedy?: string | undefined;
}

/**
 * One worker in words.
 * @param context what else is known: live progress, the usual start (ms), the clock offset, whether the queue is held,
 * how many other jobs of this worker are brought away.
 */
export function describeWorker(
  state: WorkerState,
  context: {
    progress: JobProgress | undefined;
    usualStartMs: number | null;
    clockOffsetMs: number | null;
    held: boolean;
    leaving?: number;
  },
  now: number,
): WorkerWords {
  const since = toLocal(state.since, context.clockOffsetMs);
  const lastingMs = since === null ? null : Math.max(0, now - since);
  const lasting = lastingMs === null ? '' : spanText(lastingMs);
  switch (state.kind) {
    case 'starting': {
      const usual = context.usualStartMs;
      return {
        word: 'starting',
        tone: 'wait',
        what: cut(state.note || 'ComfyUI is loading', 120),
        how: [lasting && `${lasting} so far`, usual === null ? '' : `usually ready after ${spanText(usual)}`]
          .filter(Boolean)
          .join(', '),
        lasting,
        // Time alone never says that it is ready, so the bar stops short of its end.
        share: usual === null || lastingMs === null ? null : Math.min(0.95, lastingMs / usual),
      };
    }
    case 'idle':
      return {
        word: 'idle',
        tone: 'ok',
        what: context.held ? 'waits while the queue is held' : 'ready for the next job',
        how: lasting && `for ${lasting}`,
        lasting,
        share: undefined,
      };
    case 'busy':
    case 'draining': {
      const { job } = state;
      const drains = state.kind === 'draining';
      const started = toLocal(job.startedAt, context.clockOffsetMs);
      const progress = context.progress?.jobId === job.jobId ? context.progress : undefined;
      return {
        word: drains ? 'draining' : 'busy',
        tone: drains ? 'warn' : 'busy',
        user: cut(job.userId, 40),
        what: cut(job.kind, 60),
        how: [
          stepText(progress) ?? PHASE_WORDS[progress?.phase ?? job.phase],
          started === null ? '' : stopwatchText(now - started),
          job.attempt > 1 ? `attempt ${job.attempt}` : '',
          leavingText(context.leaving ?? 0),
        ]
          .filter(Boolean)
          .join(' · '),
        lasting: started === null ? '' : stopwatchText(now - started),
        share: progress?.fraction ?? null,
      };
    }
    case 'drained':
      return {
        word: 'drained',
        tone: 'off',
        what: 'takes no jobs until resumed',
        how: since === null ? '' : `since ${clockText(since, now)}`,
        lasting,
        share: undefined,
      };
    case 'stopping':
      return {
        word: 'stopping',
        tone: 'wait',
        what: 'ComfyUI is shutting down',
        how: lasting && `${lasting} so far`,
        lasting,
        share: null,
      };
    case 'failed': {
      const retryAt = toLocal(state.retryAt, context.clockOffsetMs);
      return {
        word: 'failed',
        tone: 'fail',
        what: cut(state.error.message, 300),
        how: [
          since === null ? '' : `since ${clockText(since, now)}`,
          retryAt === null ? '' : `tries again ${untilText(retryAt, now)}`,
        ]
          .filter(Boolean)
          .join(', '),
        lasting,
        share: undefined,
        remedy: state.error.remedy,
      };
    }
  }
}

/** What was made before and is still brought away, beside the job in hand. */
function leavingText(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '1 result on its way' : `${count} results on their way`;
}
