import { z } from 'zod';
import { parseTolerantJson } from './tolerant-json.ts';

const promptId = z.string();
const nodeId = z.string();

/** A node's share in progress_state (contract 5.7). */
const nodeProgressSchema = z.object({
  value: z.number(),
  max: z.number(),
  state: z.string(),
  display_node_id: nodeId.nullish(),
  real_node_id: nodeId.nullish(),
});
export type NodeProgress = z.infer<typeof nodeProgressSchema>;

/** execution_error as events and history carry it; current_inputs are left behind (contract 5.3). */
export const executionErrorSchema = z.object({
  prompt_id: promptId,
  node_id: nodeId.nullish(),
  node_type: z.string().nullish(),
  exception_message: z.string().nullish(),
  exception_type: z.string().nullish(),
  timestamp: z.number().nullish(),
});
export type ExecutionError = z.infer<typeof executionErrorSchema>;

const frame = <T extends string, D extends z.ZodType>(type: T, data: D) =>
  z.object({ type: z.literal(type), data });
const onlyPrompt = z.object({ prompt_id: promptId });

const frameSchema = z.discriminatedUnion('type', [
  frame('status', z.object({ status: z.object({ exec_info: z.object({ queue_remaining: z.number() }) }) })),
  frame('execution_start', onlyPrompt),
  frame('execution_cached', z.object({ prompt_id: promptId, nodes: z.array(nodeId) })),
  /** node null ends a prompt; on reconnect only {node} comes. */
  frame(
    'executing',
    z.object({ prompt_id: promptId.nullish(), node: nodeId.nullable(), display_node: nodeId.nullish() }),
  ),
  frame(
    'progress',
    z.object({ prompt_id: promptId.nullish(), node: nodeId.nullish(), value: z.number(), max: z.number() }),
  ),
  frame('progress_state', z.object({ prompt_id: promptId, nodes: z.record(z.string(), nodeProgressSchema) })),
  frame(
    'executed',
    z.object({ prompt_id: promptId, node: nodeId, output: z.record(z.string(), z.unknown()).nullish() }),
  ),
  frame('execution_success', onlyPrompt),
  frame('execution_error', executionErrorSchema),
  frame('execution_interrupted', onlyPrompt),
]);

/** A text frame that means something to us (contract 5.7). */
export type ComfyFrame = z.infer<typeof frameSchema>;

/** Reads a text frame; undefined for what custom nodes send, for the unknown and for the malformed. */
export function readFrame(text: string): ComfyFrame | undefined {
  let value: unknown;
  try {
    value = parseTolerantJson(text);
  } catch {
    return undefined;
  }
  const parsed = frameSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** A binary frame (contract 5.7; big-endian). Views into the frame, not copies. */
export type BinaryFrame =
  | { kind: 'preview'; format: 'jpeg' | 'png' | 'unknown'; promptId: string | null; image: Buffer }
  | { kind: 'text'; nodeId: string; text: string }
  | { kind: 'unknown'; event: number | null };

const metadataSchema = z.object({ prompt_id: z.string().nullish(), image_type: z.string().nullish() });

/** Decodes events 1, 3 and 4; anything else, or cut short, is `unknown`. */
export function readBinaryFrame(bytes: Buffer): BinaryFrame {
  if (bytes.length < 8) return { kind: 'unknown', event: bytes.length < 4 ? null : bytes.readUInt32BE(0) };
  const event = bytes.readUInt32BE(0);
  const second = bytes.readUInt32BE(4);
  if (event === 1) {
    const format = second === 1 ? 'jpeg' : second === 2 ? 'png' : 'unknown';
    return { kind: 'preview', format, promptId: null, image: bytes.subarray(8) };
  }
  const end = 8 + second;
  if ((event !== 3 && event !== 4) || end > bytes.length) return { kind: 'unknown', event };
  const head = bytes.toString('utf8', 8, end);
  if (event === 3) return { kind: 'text', nodeId: head, text: bytes.toString('utf8', end) };
  const metadata = metadataSchema.safeParse(parseOrNull(head));
  if (!metadata.success) return { kind: 'unknown', event };
  const type = metadata.data.image_type;
  return {
    kind: 'preview',
    format: type === 'image/jpeg' ? 'jpeg' : type === 'image/png' ? 'png' : 'unknown',
    promptId: metadata.data.prompt_id ?? null,
    image: bytes.subarray(end),
  };
}

function parseOrNull(text: string): unknown {
  try {
    return parseTolerantJson(text);
  } catch {
    return null;
  }
}
