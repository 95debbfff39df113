import { z } from 'zod';
import { protocolMismatch } from '../../../worker-agent/src/contract/protocol.ts';

/** A JSON document of ours as it came out of Redis. */
export type Document<T> =
  | { kind: 'absent' }
  | { kind: 'read'; value: T }
  /** Written by another protocol version; nothing of it is used. */
  | { kind: 'mismatch'; sentence: string }
  | { kind: 'unreadable'; reason: string };

const versionSchema = z.object({ protocol: z.number().int() });

/**
 * Reads a document; its version is looked at before its content.
 * @param writer who writes such documents, for the sentence about a version that does not fit.
 */
export function parseDocument<Schema extends z.ZodType>(
  schema: Schema,
  text: string | null,
  writer: 'agent' | 'console' = 'agent',
): Document<z.infer<Schema>> {
  if (text === null) return { kind: 'absent' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', reason: 'it is not JSON' };
  }
  const version = versionSchema.safeParse(json);
  if (!version.success) return { kind: 'unreadable', reason: 'it has no protocol version' };
  const sentence = protocolMismatch(version.data.protocol, writer);
  if (sentence !== undefined) return { kind: 'mismatch', sentence };
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'read', value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    kind: 'unreadable',
    reason: `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not understood'}`,
  };
}
