import { isUtf8 } from 'node:buffer';
import { WorkshopError } from './errors.ts';
import { type JobFields, type JobStatus, jobFieldsSchema } from './job.ts';
import { JsonScanError, type Member, type Span, scanObject } from './json-scanner.ts';

/**
 * A job as the bytes that stand in Redis, with its small fields parsed and its workflow only located. Everything we
 * write back is these same bytes with a few members replaced, so the workflow is byte-identical in Redis before, at
 * ComfyUI, and in Redis after (contract 1.3 and 8.19).
 */
export interface JobText {
  bytes: Buffer;
  fields: JobFields;
  /** Where each member's value stands; for a repeated member the last one, as Python's json does. */
  spans: ReadonlyMap<string, Span>;
  workflow: Span;
}

/** Replace `length` bytes from `start` by `text`. Splices of one edit do not overlap and are in ascending order. */
export interface Splice {
  start: number;
  length: number;
  text: string;
}

/** Members that we ever change; the rest of a job is the platform's. */
export interface JobChanges {
  status?: JobStatus;
  priority?: number;
  started_at?: string | null;
  completed_at?: string | null;
  worker_id?: string | null;
  result?: Record<string, unknown> | null;
  error?: string | null;
}

/**
 * Reads a job's bytes.
 * @param id the id of the key it was read from; the text must agree (contract 1.2).
 * @throws WorkshopError JOB_UNREADABLE, naming the member and what is wrong with it. The bytes are left as they are.
 */
export function readJobText(bytes: Buffer, id: string): JobText {
  if (!isUtf8(bytes)) throw unreadable(id, 'it is not valid UTF-8 text');
  const members = scan(bytes, id);
  const spans = new Map<string, Span>();
  for (const member of members) spans.set(member.key, member.value);
  const workflow = spans.get('workflow');
  if (!workflow) throw unreadable(id, 'it has no workflow');
  if (bytes[workflow.start] !== 0x7b) throw unreadable(id, 'its workflow is not an object');
  const raw: Record<string, unknown> = {};
  for (const [key, span] of spans) if (key !== 'workflow') raw[key] = parseMember(bytes, key, span, id);
  const parsed = jobFieldsSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw unreadable(
      id,
      `its ${issue?.path.join('.') || 'content'} is wrong: ${issue?.message ?? 'unknown'}`,
    );
  }
  if (parsed.data.id !== id) throw unreadable(id, `its id says ${JSON.stringify(parsed.data.id)}`);
  return { bytes, fields: parsed.data, spans, workflow };
}

/** The workflow's own bytes, braces included. A view, not a copy. */
export function workflowBytes(job: JobText): Buffer {
  return job.bytes.subarray(job.workflow.start, job.workflow.end);
}

/** The splices that make `changes` true. Members that are absent are added before the closing brace. */
export function spliceJobText(job: JobText, changes: JobChanges): Splice[] {
  const splices: Splice[] = [];
  let added = '';
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) continue;
    const span = job.spans.get(key);
    const text = JSON.stringify(value);
    if (span) splices.push({ start: span.start, length: span.end - span.start, text });
    else added += `,${JSON.stringify(key)}:${text}`;
  }
  if (added) splices.push({ start: job.bytes.lastIndexOf(0x7d), length: 0, text: added });
  return splices.sort((a, b) => a.start - b.start);
}

/** The bytes after the splices; the Lua scripts do the same on the server. */
export function applySplices(bytes: Buffer, splices: readonly Splice[]): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const splice of splices) {
    parts.push(bytes.subarray(at, splice.start), Buffer.from(splice.text));
    at = splice.start + splice.length;
  }
  parts.push(bytes.subarray(at));
  return Buffer.concat(parts);
}

function scan(bytes: Buffer, id: string): Member[] {
  try {
    return scanObject(bytes);
  } catch (cause) {
    if (cause instanceof JsonScanError) throw unreadable(id, `it is not a JSON object (${cause.message})`);
    throw cause;
  }
}

function parseMember(bytes: Buffer, key: string, span: Span, id: string): unknown {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', span.start, span.end));
    return value;
  } catch {
    throw unreadable(id, `its ${key} is not valid JSON`);
  }
}

function unreadable(id: string, why: string): WorkshopError {
  return new WorkshopError('JOB_UNREADABLE', `Job ${id.slice(0, 100)} cannot be read: ${why}.`, {
    remedy: 'The text is kept under its key; ask the participant to submit again.',
  });
}
