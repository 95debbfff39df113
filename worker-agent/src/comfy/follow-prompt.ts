import { WorkshopError } from '../contract/errors.ts';
import type { Alarm } from './alarm.ts';
import { endOfEntry, outcomeOfEnd, type PromptEnd } from './history.ts';
import type { Unreachable } from './http-client.ts';
import type { Patience } from './options.ts';
import type { ProgressTracker } from './progress.ts';
import type { PromptWatch } from './prompt-watch.ts';
import type { PromptOutcome } from './roles.ts';
import type { ServerCalls } from './server-calls.ts';
import { closedError, type HeldPrompt } from './submit-prompt.ts';

/** Waits between looks into history after an end was announced; it is stored 1 to 5 ms later (contract 5.11.23). */
const END_RETRIES_MS = [2, 4, 8, 16, 32, 64, 128, 256, 512];
const REFUSED_RETRY_MS = 250;
/** Looks at an unreadable history entry before giving up on it. */
const UNREADABLE_LOOKS = 4;
/** Every so many quiet polls the whole queue is asked, not only its length. */
const THOROUGH_EVERY = 5;

export interface FollowRequest {
  promptId: string;
  held: HeldPrompt;
  signal: AbortSignal;
  /** Aborts when the client itself is closed. */
  closing: AbortSignal;
  calls: ServerCalls;
  patience: Patience;
  watch: PromptWatch;
  progress: ProgressTracker;
  /** Rings at hints, at cancellation, when the socket is lost and when the client closes. */
  alarm: Alarm;
  /** Whether the prompt's own events come in now, and how often that was lost. */
  hearsEvents: () => boolean;
  losses: () => number;
  /** Called after a look that the server answered, to judge the socket. */
  onAlive: () => void;
}

type Seen =
  | { kind: 'ended'; end: PromptEnd }
  | { kind: 'there' }
  | { kind: 'gone' }
  | { kind: 'unreadable'; error: WorkshopError }
  | Unreachable;

/**
 * Follows a prompt to its end. One sequential loop: wait for a hint or for the poll interval, cancel if asked, look,
 * decide. The WebSocket only makes it quick; without it polling finds the same end (contract 5.7, 5.8, 8.12).
 * @throws WorkshopError COMFY_UNREACHABLE when the client is closed meanwhile; the prompt goes on at the server.
 */
export async function followPrompt(request: FollowRequest): Promise<PromptOutcome> {
  const { promptId, held, signal, closing, calls, patience, watch, progress, alarm } = request;
  let endLooks = 0;
  let hintsSeen = 0;
  let unreadableLooks = 0;
  let quietPolls = 0;
  /** The server may have been restarted, or the prompt was found there: ask the whole queue next time. */
  let suspicious = held.adopted;
  let losses = request.losses();
  let statusCount = watch.statusCount();
  let refusedSince: number | undefined;
  let lastChangeAt = performance.now();
  let nextCancelAt = 0;
  let lastPollAt = performance.now();
  let answeredAt = performance.now();

  const isOurs = (number: number | null) =>
    held.number !== null && number !== null
      ? number === held.number
      : number === null || number !== held.staleNumber;

  /** Queue before history, so that a prompt on its way from one to the other is not missed. */
  const look = async (depth: 'history' | 'light' | 'thorough'): Promise<Seen> => {
    let absent = false;
    if (depth === 'thorough') {
      const queue = await calls.queue(promptId);
      if (queue.kind === 'unreachable') return queue;
      if (queue.kind === 'running') progress.running();
      if (queue.kind === 'queued') progress.queued();
      absent = queue.kind === 'absent';
    } else if (depth === 'light') {
      const remaining = await calls.remaining();
      if (remaining.kind === 'unreachable') return remaining;
      absent = remaining.count === 0;
    }
    const history = await calls.history(promptId);
    if (history.kind === 'unreachable' || history.kind === 'unreadable') return history;
    if (history.kind === 'entry' && isOurs(history.entry.number))
      return { kind: 'ended', end: endOfEntry(history.entry) };
    if (!absent) return { kind: 'there' };
    return depth === 'thorough' ? { kind: 'gone' } : await look('thorough');
  };

  const finish = (end: PromptEnd, extra: readonly string[] = []) =>
    outcomeOfEnd(end, [...held.warnings, ...watch.warnings(), ...extra]);

  /** The end as events told it, for when history cannot say it any more. */
  const toldOutcome = (...why: string[]): PromptOutcome | undefined => {
    const end = watch.toldEnd();
    return end && finish(end, why);
  };

  /** An end was announced and history did not have it yet; each new announcement starts the retries anew. */
  const hintedNow = (): boolean => {
    if (watch.endHints() !== hintsSeen) endLooks = 0;
    hintsSeen = watch.endHints();
    return hintsSeen > 0 && endLooks < END_RETRIES_MS.length;
  };

  const nextWait = (): number => {
    if (hintedNow()) return END_RETRIES_MS[endLooks] ?? 0;
    if (refusedSince !== undefined) return Math.min(REFUSED_RETRY_MS, patience.goneAfterMs / 2);
    if (signal.aborted)
      return Math.max(5, Math.min(patience.cancelRepeatMs, nextCancelAt - performance.now()));
    return patience.pollMs;
  };

  if (held.adopted) alarm.ring();
  let wait = patience.pollMs;
  for (;;) {
    await alarm.wait(wait);
    if (closing.aborted) throw closedError();
    const now = performance.now();
    const hinted = hintedNow();

    if (signal.aborted && !hinted && now >= nextCancelAt) {
      nextCancelAt = now + patience.cancelRepeatMs;
      await calls.cancel(promptId);
    }

    const due = now - Math.max(lastPollAt, signal.aborted ? 0 : watch.lastEventAt()) >= patience.pollMs - 1;
    const doubtful = !request.hearsEvents() || signal.aborted || refusedSince !== undefined;
    if (!hinted && !due && !doubtful) {
      wait = patience.pollMs;
      continue;
    }
    if (!hinted) {
      lastPollAt = now;
      quietPolls += 1;
    }
    if (request.losses() !== losses) suspicious = true;
    losses = request.losses();
    const thorough = suspicious || signal.aborted || quietPolls % THOROUGH_EVERY === 0;
    let seen: Seen;
    try {
      seen = await look(hinted ? 'history' : thorough ? 'thorough' : 'light');
    } catch (cause) {
      // Something else answers for a moment, a proxy's page say: no reason to give the prompt up.
      if (!(cause instanceof WorkshopError)) throw cause;
      seen = { kind: 'unreachable', why: 'broken', error: cause };
    }
    if (closing.aborted) throw closedError();
    if (hinted) endLooks += 1;
    if (seen.kind === 'unreachable') suspicious = true;
    else {
      refusedSince = undefined;
      answeredAt = performance.now();
      if (!hinted) suspicious = false;
      request.onAlive();
    }

    switch (seen.kind) {
      case 'ended':
        return finish(seen.end);
      case 'gone':
        if (signal.aborted) return toldOutcome() ?? { kind: 'interrupted' };
        return (
          toldOutcome('ComfyUI reported the end of the workflow, but its history no longer has it.') ??
          vanished('no longer knows the workflow: it was restarted, or its history was cleared')
        );
      case 'unreadable': {
        unreadableLooks += 1;
        if (unreadableLooks < UNREADABLE_LOOKS) break;
        return (
          toldOutcome('ComfyUI cannot show the history of this workflow.') ?? {
            kind: 'failed',
            error: seen.error.toInfo(),
            outOfMemory: false,
          }
        );
      }
      case 'unreachable':
        if (seen.why === 'refused') {
          refusedSince ??= now;
          if (performance.now() - refusedSince < patience.goneAfterMs) break;
          if (signal.aborted) return toldOutcome() ?? { kind: 'interrupted' };
          return (
            toldOutcome('ComfyUI went away right after the workflow ended.') ??
            vanished('stopped in the middle of the workflow and did not come back')
          );
        }
        break;
      case 'there':
        break;
    }

    lastChangeAt = Math.max(lastChangeAt, watch.lastEventAt());
    // Before its turn, the prompts ahead of it are what moves.
    if (!watch.started() && watch.statusCount() !== statusCount) lastChangeAt = performance.now();
    statusCount = watch.statusCount();
    if (performance.now() - lastChangeAt >= patience.stuckAfterMs) {
      if (patience.gpuBusy() !== true) {
        await calls.cancel(promptId);
        return stuck(performance.now() - answeredAt >= patience.stuckAfterMs, patience.stuckAfterMs);
      }
      lastChangeAt = performance.now();
    }
    wait = nextWait();
  }
}

function vanished(what: string): PromptOutcome {
  const error = new WorkshopError('COMFY_DIED', `ComfyUI ${what}.`, {
    remedy: "The job can run again; if it happens again, look at the ComfyUI server's log.",
  });
  return { kind: 'vanished', error: error.toInfo() };
}

function stuck(unreachable: boolean, afterMs: number): PromptOutcome {
  const minutes = Math.max(1, Math.round(afterMs / 60_000));
  const what = unreachable ? 'has not answered' : 'has shown no progress';
  const error = new WorkshopError('COMFY_STUCK', `ComfyUI ${what} for ${minutes} min.`, {
    remedy: 'Restart this worker; the job can run again.',
  });
  return { kind: 'failed', error: error.toInfo(), outOfMemory: false };
}
