import { z } from 'zod';
import { WorkshopError } from '../contract/errors.ts';
import { JsonScanError, type Span, scanObject } from '../contract/json-scanner.ts';
import { type ExecutionError, executionErrorSchema } from './messages.ts';
import { explainNodeFailure, isOutOfVram } from './node-failure.ts';
import { filesOf, trimOutputs } from './outputs.ts';
import type { PromptOutcome } from './roles.ts';
import { parseTolerantJson } from './tolerant-json.ts';

/** What GET /history/{id} tells of a finished prompt (contract 5.3). */
export interface HistoryEntry {
  /** Place number it got at submission; tells this run from an earlier one with the same id. */
  number: number | null;
  outputs: Record<string, unknown>;
  statusText: string | null;
  messages: readonly (readonly [string, unknown])[];
}

const statusSchema = z.object({
  status_str: z.string().nullish().catch(null),
  messages: z.array(z.tuple([z.string(), z.unknown()])).catch([]),
});
const outputsSchema = z.record(z.string(), z.unknown()).catch({});
const timestampSchema = z.object({ timestamp: z.number() });

/**
 * Reads the answer of GET /history/{id}. The prompt in it, which may weigh megabytes, is skipped.
 * @returns undefined when the prompt is not (yet) in history.
 * @throws WorkshopError COMFY_PROTOCOL when the answer is not what ComfyUI sends.
 */
export function readHistory(bytes: Buffer, promptId: string): HistoryEntry | undefined {
  try {
    const found = scanObject(bytes).find((member) => member.key === promptId);
    if (!found) return undefined;
    const members = new Map(scanObject(bytes, found.value).map(({ key, value }) => [key, value]));
    const status = statusSchema.parse(part(bytes, members.get('status')) ?? {});
    return {
      number: numberOf(bytes, members.get('prompt')),
      outputs: outputsSchema.parse(part(bytes, members.get('outputs')) ?? {}),
      statusText: status.status_str ?? null,
      messages: status.messages,
    };
  } catch (cause) {
    if (cause instanceof JsonScanError || cause instanceof SyntaxError || cause instanceof z.ZodError)
      throw new WorkshopError('COMFY_PROTOCOL', 'ComfyUI answered /history with something unreadable.', {
        cause,
      });
    throw cause;
  }
}

function part(bytes: Buffer, span: Span | undefined): unknown {
  return span ? parseTolerantJson(bytes.toString('utf8', span.start, span.end)) : undefined;
}

/** First element of the prompt tuple `[number, id, prompt, …]`. */
function numberOf(bytes: Buffer, span: Span | undefined): number | null {
  if (!span) return null;
  const head = bytes.toString('latin1', span.start, Math.min(span.end, span.start + 64));
  const match = /^\[\s*(-?[\d.]+(?:e[+-]?\d+)?)\s*,/i.exec(head);
  return match?.[1] ? Number(match[1]) : null;
}

/** How a prompt ended, by whatever told it: history or the event stream. */
export interface PromptEnd {
  how: { kind: 'success' } | { kind: 'error'; error: ExecutionError | null } | { kind: 'interrupted' };
  outputs: Record<string, unknown>;
  executionSeconds: number | null;
}

/** Decides from the messages first and from status_str only without them: it may say success wrongly (contract 5.3). */
export function endOfEntry(entry: HistoryEntry): PromptEnd {
  const times = new Map<string, number>();
  let how: PromptEnd['how'] | undefined;
  for (const [type, data] of entry.messages) {
    const stamp = timestampSchema.safeParse(data);
    if (stamp.success) times.set(type, stamp.data.timestamp);
    if (type === 'execution_success') how = { kind: 'success' };
    else if (type === 'execution_interrupted') how = { kind: 'interrupted' };
    else if (type === 'execution_error') {
      const error = executionErrorSchema.safeParse(data);
      // An ExecutionBlocker ends one branch, not the prompt (contract 8.14).
      if (!error.success || error.data.exception_type !== 'ExecutionBlocked')
        how = { kind: 'error', error: error.success ? error.data : null };
    }
  }
  how ??= entry.statusText === 'success' ? { kind: 'success' } : { kind: 'error', error: null };
  const start = times.get('execution_start');
  const end =
    times.get('execution_success') ?? times.get('execution_error') ?? times.get('execution_interrupted');
  const seconds = start !== undefined && end !== undefined ? Math.max(0, (end - start) / 1000) : null;
  return { how, outputs: entry.outputs, executionSeconds: seconds };
}

/**
 * The outcome that a prompt's end means.
 * @param warnings sentences gathered on the way (dropped outputs, blocked nodes).
 */
export function outcomeOfEnd(end: PromptEnd, warnings: readonly string[]): PromptOutcome {
  if (end.how.kind === 'interrupted') return { kind: 'interrupted' };
  if (end.how.kind === 'error') {
    const error = explainNodeFailure(end.how.error ?? { prompt_id: '' });
    return { kind: 'failed', error, outOfMemory: isOutOfVram(error) };
  }
  const files = filesOf(end.outputs);
  const trimmed = trimOutputs(end.outputs);
  return {
    kind: 'success',
    outputs: trimmed.outputs,
    files,
    warnings: [...warnings, ...trimmed.warnings, ...emptinessOf(end.outputs, files)],
    executionSeconds: end.executionSeconds,
  };
}

/** Success without anything to show is suspicious (contract 5.9, 8.17). */
function emptinessOf(outputs: Record<string, unknown>, files: readonly { type: string }[]): string[] {
  if (Object.keys(outputs).length === 0) return ['The workflow ended without any output.'];
  if (files.length > 0 && files.every((file) => file.type === 'temp'))
    return ['The workflow only made previews, which ComfyUI deletes; use a Save node to keep the result.'];
  return [];
}
