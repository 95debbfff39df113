import { type Span, scanObject } from '../../contract/json-scanner.ts';
import type { InputRename } from '../roles.ts';

/**
 * Writes other file names into a prompt. Only the bytes of those literals change: seeds beyond 2^53 and all else stay
 * as they are (contract 1.3).
 * @param prompt an API-format prompt that has been read before.
 */
export function rewritePrompt(prompt: Buffer, renames: readonly InputRename[]): Buffer {
  const edits = renames.flatMap(({ nodeId, input, to }) => {
    const value = member(prompt, [nodeId, 'inputs', input]);
    return value ? [{ ...value, bytes: Buffer.from(JSON.stringify(to)) }] : [];
  });
  edits.sort((a, b) => a.start - b.start);
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end, bytes } of edits) {
    if (start < at) continue;
    parts.push(prompt.subarray(at, start), bytes);
    at = end;
  }
  parts.push(prompt.subarray(at));
  return parts.length === 1 ? prompt : Buffer.concat(parts);
}

/** Of equal names the last counts, as for every JSON reader. */
function member(bytes: Buffer, path: readonly string[]): Span | undefined {
  let span: Span = { start: 0, end: bytes.length };
  for (const key of path) {
    const found = scanObject(bytes, span).findLast((it) => it.key === key);
    if (!found) return undefined;
    span = found.value;
  }
  return span;
}
