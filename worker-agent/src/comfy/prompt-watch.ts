import type { PromptEnd } from './history.ts';
import type { ComfyFrame } from './messages.ts';
import { nodeName } from './node-failure.ts';
import type { ProgressTracker } from './progress.ts';

const MAX_WARNINGS = 20;

/**
 * What the event stream tells of one prompt. Events are hints: the end counts once history agrees, but what was
 * told here stands in when history can no longer be read.
 */
export interface PromptWatch {
  /** Takes a frame of any prompt; those of others are ignored. */
  handle(frame: ComfyFrame): void;
  /** A preview or text came: the prompt that runs is alive. */
  activity(promptId: string | null): void;
  /** How many events said that the prompt is over; 0 while it runs. */
  endHints(): number;
  /** The end as events told it, with the outputs they carried. */
  toldEnd(): PromptEnd | undefined;
  /** Sentences on blocked nodes. */
  warnings(): string[];
  /** performance.now() of the last event of this prompt; of its creation before the first. */
  lastEventAt(): number;
  /** Whether any event of this prompt came. */
  started(): boolean;
  /** Number of `status` frames so far; every open socket that is not deaf gets them. */
  statusCount(): number;
}

/** @param poke called when something came that makes a look at the server worthwhile. */
export function watchPrompt(promptId: string, progress: ProgressTracker, poke: () => void): PromptWatch {
  let endHints = 0;
  let how: PromptEnd['how'] | undefined;
  const outputs: Record<string, unknown> = {};
  const warnings = new Set<string>();
  let lastEventAt = performance.now();
  let statusCount = 0;
  let started = false;

  const over = (end?: PromptEnd['how']) => {
    if (end) how = end;
    endHints += 1;
    poke();
  };

  return {
    handle(frame) {
      if (frame.type === 'status') {
        statusCount += 1;
        poke();
        return;
      }
      if (frame.data.prompt_id !== promptId) return;
      lastEventAt = performance.now();
      started = true;
      progress.handle(frame);
      switch (frame.type) {
        case 'execution_start':
          // What was told before is an earlier run's, the late end of a prompt that is run again under its id.
          endHints = 0;
          how = undefined;
          return;
        case 'executed':
          if (frame.data.output) outputs[frame.data.node] = frame.data.output;
          return;
        case 'executing':
          if (frame.data.node === null) over();
          return;
        case 'execution_success':
          return over({ kind: 'success' });
        case 'execution_interrupted':
          return over({ kind: 'interrupted' });
        case 'execution_error':
          // ExecutionBlocked ends one branch, not the prompt, and leaves no trace in history (contract 8.14).
          if (frame.data.exception_type !== 'ExecutionBlocked')
            return over({ kind: 'error', error: frame.data });
          if (warnings.size < MAX_WARNINGS) warnings.add(blocked(frame.data));
          return;
        default:
          return;
      }
    },
    activity(id) {
      if (id === null || id === promptId) lastEventAt = performance.now();
    },
    endHints: () => endHints,
    toldEnd: () => (how ? { how, outputs, executionSeconds: null } : undefined),
    warnings: () => [...warnings],
    lastEventAt: () => lastEventAt,
    started: () => started,
    statusCount: () => statusCount,
  };
}

function blocked(error: {
  node_id?: string | null;
  node_type?: string | null;
  exception_message?: string | null;
}) {
  const why = (error.exception_message ?? '')
    .replace(/^Execution Blocked:\s*/, '')
    .trim()
    .slice(0, 300);
  return `${nodeName(error)} was skipped by the workflow itself${why ? `: ${why}` : ''}.`;
}
