import { z } from 'zod';
import { JsonScanError, type Span, scanObject } from './json-scanner.ts';

/** One node of an API-format prompt (contract 7). Literals have passed JSON.parse: read, never send on. */
const nodeSchema = z.looseObject({
  class_type: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
});
export type PromptNode = z.infer<typeof nodeSchema>;
const promptSchema = z.record(z.string(), nodeSchema);

/** What a job's workflow is, and where the part stands that ComfyUI can run. */
export type WorkflowText =
  | { kind: 'api'; prompt: Span; nodes: Record<string, PromptNode> }
  /** The editor's graph; ComfyUI answers it with 400 or 500 (contract 5.1, 8.20). */
  | { kind: 'ui' }
  | { kind: 'empty' }
  | { kind: 'invalid'; reason: string };

/**
 * Tells the formats of contract 7 apart, unwrapping `{prompt: …}` and `{output: …}`.
 * @param bytes the workflow's bytes; spans in the answer are relative to them.
 */
export function readWorkflowText(bytes: Buffer): WorkflowText {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    return { kind: 'invalid', reason: cause instanceof Error ? cause.message : 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'invalid', reason: 'not an object' };
  if (Object.keys(value).length === 0) return { kind: 'empty' };
  const whole = promptSchema.safeParse(value);
  if (whole.success) return { kind: 'api', prompt: { start: 0, end: bytes.length }, nodes: whole.data };
  for (const wrapper of ['prompt', 'output'] as const) {
    if (!(wrapper in value)) continue;
    const inner = promptSchema.safeParse((value as Record<string, unknown>)[wrapper]);
    const span = inner.success ? spanOf(bytes, wrapper) : undefined;
    if (inner.success && span) return { kind: 'api', prompt: span, nodes: inner.data };
  }
  if ('nodes' in value && Array.isArray(value.nodes)) return { kind: 'ui' };
  const bad = Object.entries(value).find(([, node]) => !nodeSchema.safeParse(node).success);
  return {
    kind: 'invalid',
    reason: `node ${JSON.stringify(bad?.[0] ?? '?').slice(0, 80)} has no class_type`,
  };
}

function spanOf(bytes: Buffer, key: string): Span | undefined {
  try {
    return scanObject(bytes).findLast((member) => member.key === key)?.value;
  } catch (cause) {
    if (cause instanceof JsonScanError) return undefined;
    throw cause;
  }
}
