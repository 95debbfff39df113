import { setTimeout as pause } from 'node:timers/promises';
import { WorkshopError } from '../contract/errors.ts';
import { endOfEntry, outcomeOfEnd } from './history.ts';
import type { Unreachable } from './http-client.ts';
import type { Patience } from './options.ts';
import { promptBody } from './prompt-body.ts';
import { droppedOutputs } from './refusal.ts';
import type { PromptOutcome, RunPromptRequest } from './roles.ts';
import type { ServerCalls } from './server-calls.ts';

/** A prompt that the server has, and how to recognise it there. */
export interface HeldPrompt {
  /** Its own place number; null when the answer to its submission was lost. */
  number: number | null;
  /** Place number of an earlier run with the same id, whose history entry is not this run's. */
  staleNumber: number | null;
  /** Client id it was submitted with; null when unknown. */
  clientId: string | null;
  /** It was there already: its first events went to somebody else. */
  adopted: boolean;
  warnings: string[];
}

/** `accepted`: the server had taken the prompt in before it was over. */
export type SubmitResult =
  | { kind: 'held'; prompt: HeldPrompt }
  | { kind: 'over'; accepted: boolean; outcome: PromptOutcome };

export interface SubmitDeps {
  calls: ServerCalls;
  patience: Patience;
  /** Aborts when the client is closed. */
  closing: AbortSignal;
}
type Absent = { kind: 'absent'; staleNumber: number | null };

/** Waits before the looks that decide whether a submission without an answer was taken in. */
const DOUBT_WAITS_MS = [200, 1000, 2000];

/**
 * Hands the prompt to the server unless it has it already; ComfyUI does not detect duplicate ids (contract 5.1).
 * @param clientId id of the socket that shall hear its events.
 * @throws WorkshopError when the server cannot be reached, or is no ComfyUI; the prompt was not taken in then.
 */
export async function submitPrompt(
  deps: SubmitDeps,
  request: RunPromptRequest,
  clientId: () => Promise<string>,
): Promise<SubmitResult> {
  let staleNumber: number | null = null;
  if (!request.fresh) {
    const found = await lookUp(deps, request);
    if (found.kind !== 'absent') return found;
    staleNumber = found.staleNumber;
  }
  if (request.signal.aborted) return { kind: 'over', accepted: false, outcome: { kind: 'interrupted' } };
  const id = await clientId();
  const body = promptBody({ ...request, clientId: id });
  for (let attempt = 1; ; attempt++) {
    const answer = await deps.calls.submit(body);
    if (answer.kind === 'accepted') {
      const warnings = droppedOutputs(answer.nodeErrors);
      return {
        kind: 'held',
        prompt: { number: answer.number, staleNumber, clientId: id, adopted: false, warnings },
      };
    }
    if (answer.kind === 'refused')
      return {
        kind: 'over',
        accepted: false,
        outcome: { kind: 'failed', error: answer.error, outOfMemory: false },
      };
    if (answer.why === 'refused') throw answer.error;
    deps.patience.onNotice(
      'The answer to POST /prompt was lost; looking whether ComfyUI took the prompt in.',
    );
    const found = await resolveDoubt(deps, request, staleNumber);
    if (found.kind !== 'absent') return found;
    if (request.signal.aborted) return { kind: 'over', accepted: false, outcome: { kind: 'interrupted' } };
    if (attempt === 2) throw answer.error;
  }
}

/** The look before a submission. A prompt that goes on may hold up HTTP (contract 5.10): then it pays to wait. */
async function lookUp(deps: SubmitDeps, request: RunPromptRequest): Promise<SubmitResult | Absent> {
  const startedAt = performance.now();
  for (;;) {
    const look = await lookOnce(deps.calls, request, null);
    if (look.kind !== 'unreachable') return look;
    if (!request.resume || look.why === 'refused' || request.signal.aborted) throw look.error;
    if (performance.now() - startedAt > deps.patience.stuckAfterMs) throw look.error;
    await pauseUnlessClosed(DOUBT_WAITS_MS[0] ?? 0, deps.closing);
  }
}

/**
 * After a submission without an answer: absent only counts when it stays so, because the request may still be on its
 * way through the server. As long as the server cannot be asked, a second submission might run the prompt twice.
 */
async function resolveDoubt(
  deps: SubmitDeps,
  request: RunPromptRequest,
  stale: number | null,
): Promise<SubmitResult | Absent> {
  const { goneAfterMs, stuckAfterMs } = deps.patience;
  const startedAt = performance.now();
  let absences = 0;
  for (;;) {
    await pauseUnlessClosed(DOUBT_WAITS_MS[absences] ?? 0, deps.closing);
    // resume: whatever entry is there now, other than the stale one, is this submission's.
    const look = await lookOnce(deps.calls, { ...request, resume: true }, stale);
    if (look.kind === 'held') return { kind: 'held', prompt: { ...look.prompt, adopted: false } };
    if (look.kind === 'over') return look;
    if (look.kind === 'absent') {
      absences += 1;
      if (absences === DOUBT_WAITS_MS.length) return look;
      continue;
    }
    const limitMs = look.why === 'refused' || request.signal.aborted ? goneAfterMs : stuckAfterMs;
    if (performance.now() - startedAt < limitMs) continue;
    const outcome: PromptOutcome = request.signal.aborted
      ? { kind: 'interrupted' }
      : { kind: 'vanished', error: lostInDoubt(look.error).toInfo() };
    return { kind: 'over', accepted: false, outcome };
  }
}

/** Queue before history: a prompt that moves from one to the other meanwhile is seen in either case. */
async function lookOnce(
  calls: ServerCalls,
  request: RunPromptRequest,
  stale: number | null,
): Promise<SubmitResult | Absent | Unreachable> {
  const queue = await calls.queue(request.promptId);
  if (queue.kind === 'unreachable') return queue;
  if (queue.kind !== 'absent') {
    const { number, clientId } = queue;
    return { kind: 'held', prompt: { number, staleNumber: stale, clientId, adopted: true, warnings: [] } };
  }
  const history = await calls.history(request.promptId);
  if (history.kind === 'unreachable') return history;
  if (history.kind === 'absent') return { kind: 'absent', staleNumber: stale };
  if (history.kind === 'unreadable')
    return {
      kind: 'over',
      accepted: true,
      outcome: { kind: 'failed', error: history.error.toInfo(), outOfMemory: false },
    };
  const { entry } = history;
  if (stale !== null && entry.number === stale) return { kind: 'absent', staleNumber: stale };
  const end = endOfEntry(entry);
  if (end.how.kind === 'success' || request.resume)
    return { kind: 'over', accepted: true, outcome: outcomeOfEnd(end, []) };
  return { kind: 'absent', staleNumber: entry.number };
}

async function pauseUnlessClosed(ms: number, closing: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal: closing }).catch(() => {});
  if (closing.aborted) throw closedError();
}

/** What a run in hand ends with when its client is closed. */
export function closedError(): WorkshopError {
  return new WorkshopError(
    'COMFY_UNREACHABLE',
    'The connection to ComfyUI was closed while the workflow ran; it goes on at the server.',
  );
}

function lostInDoubt(cause: WorkshopError): WorkshopError {
  return new WorkshopError(
    'COMFY_DIED',
    'ComfyUI went away while the workflow was handed over, and did not come back to say whether it took it.',
    { remedy: 'The job can run again once the server is back.', cause },
  );
}
