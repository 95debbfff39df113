import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Span, scanObject } from '../../worker-agent/src/contract/json-scanner.ts';

/** Versions of which real ComfyUI servers were recorded. */
export const RECORDED_VERSIONS = ['0.9.2', '0.11.0', '0.33.0'] as const;
export type RecordedVersion = (typeof RECORDED_VERSIONS)[number];

const stepSchema = z.object({
  t_ms: z.number(),
  kind: z.string(),
  socket: z.string().optional(),
  request: z
    .object({ method: z.string().optional(), path: z.string(), body_text: z.string().optional() })
    .optional(),
  response: z
    .object({
      status: z.number().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      body_text: z.string().optional(),
      body_raw: z.string().optional(),
      error: z.string().optional(),
    })
    .optional(),
  data: z.unknown().optional(),
});

/** One recorded step, with the bytes that were received or sent where they matter. */
export interface Step {
  index: number;
  atMs: number;
  kind: string;
  socket: string | undefined;
  method: string | undefined;
  path: string | undefined;
  requestBody: Buffer | undefined;
  status: number | undefined;
  contentType: string;
  responseBody: Buffer;
  /** Bytes of a frame: text as received, or a binary frame. */
  frame: Buffer | undefined;
  data: unknown;
}

/** Reads one transcript of a real server (README of the recordings). Bodies keep their own digits. */
export function readRecording(version: RecordedVersion, scenario: string): Step[] {
  const folder = join(import.meta.dirname, '../fixtures/comfyui-recordings', version);
  const lines = readFileSync(join(folder, `${scenario}.json`), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('{"t_ms"'))
    .map((line, index) => readStep(Buffer.from(line.replace(/,$/, '')), index));
}

function readStep(bytes: Buffer, index: number): Step {
  const step = stepSchema.parse(JSON.parse(bytes.toString()));
  const top = membersOf(bytes);
  const request = membersOf(bytes, top.get('request'));
  const response = membersOf(bytes, top.get('response'));
  const data = top.get('data');
  const raw = (span: Span | undefined) => (span ? bytes.subarray(span.start, span.end) : undefined);
  const text = (value: string | undefined) => (value === undefined ? undefined : Buffer.from(value));
  return {
    index,
    atMs: step.t_ms,
    kind: step.kind,
    socket: step.socket,
    method: step.request?.method,
    path: step.request?.path,
    requestBody: text(step.request?.body_text) ?? raw(request.get('body')),
    status: step.response?.status,
    contentType: step.response?.headers?.['content-type'] ?? 'application/json; charset=utf-8',
    responseBody:
      text(step.response?.body_raw) ??
      text(step.response?.body_text) ??
      raw(response.get('body')) ??
      Buffer.alloc(0),
    frame: step.kind === 'ws-text' ? raw(data) : step.kind === 'ws-binary' ? binary(step.data) : undefined,
    data: step.data,
  };
}

function membersOf(bytes: Buffer, span?: Span): Map<string, Span> {
  if (span && bytes[span.start] !== 0x7b) return new Map();
  const members = span ? scanObject(bytes, span) : scanObject(bytes);
  return new Map(members.map(({ key, value }) => [key, value]));
}

function binary(data: unknown): Buffer | undefined {
  const parsed = z.object({ base64: z.string() }).safeParse(data);
  return parsed.success ? Buffer.from(parsed.data.base64, 'base64') : undefined;
}

const frameSchema = z.object({
  type: z.string(),
  data: z.looseObject({ prompt_id: z.string().optional(), node: z.string().nullish() }),
});
export type RecordedFrame = z.infer<typeof frameSchema>;

/** Type and data of a text frame. */
export function frameOf(step: Step): RecordedFrame | undefined {
  const parsed = frameSchema.safeParse(step.data);
  return step.kind === 'ws-text' && parsed.success ? parsed.data : undefined;
}

/** One recorded POST /prompt and all that belongs to it. */
export interface Episode {
  /** The prompt's own bytes; undefined when the body was no object with a prompt object. */
  prompt: Buffer | undefined;
  /** undefined when it was refused. */
  promptId: string | undefined;
  number: number | undefined;
  post: Step | undefined;
  /** Its frames and the `status` frames among them, in order; POST /interrupt steps as gates. */
  steps: Step[];
  /** Raw entry of GET /history/{id}; built from the frames where the recorder did not ask. */
  history: Buffer | undefined;
  /** The server process ended in the middle of it. */
  dies: boolean;
}

const acceptedSchema = z.object({ prompt_id: z.string(), number: z.number() });

/** The POST /prompt steps of a recording, each with its consequences. */
export function episodesOf(steps: readonly Step[]): Episode[] {
  const posts = steps.filter(
    (step) => step.kind === 'http' && step.method === 'POST' && step.path === '/prompt',
  );
  const episodes = posts.map((post) => {
    const accepted =
      post.status === 200 ? acceptedSchema.parse(JSON.parse(String(post.responseBody))) : undefined;
    return episode(steps, promptOf(post), accepted?.prompt_id, accepted?.number, post);
  });
  // 23-history-race keeps the frames of its first prompt only.
  if (episodes.length > 0) return episodes;
  const start = steps.map(frameOf).find((frame) => frame?.type === 'execution_start');
  return start?.data.prompt_id
    ? [
        episode(
          steps,
          Buffer.from('{"1":{"class_type":"EmptyImage","inputs":{}}}'),
          start.data.prompt_id,
          0,
          undefined,
        ),
      ]
    : [];
}

function episode(
  steps: readonly Step[],
  prompt: Buffer | undefined,
  promptId: string | undefined,
  number: number | undefined,
  post: Step | undefined,
): Episode {
  const isOwn = (step: Step) => promptId !== undefined && frameOf(step)?.data.prompt_id === promptId;
  const own = steps.filter(isOwn);
  const first = Math.min(post?.index ?? Number.POSITIVE_INFINITY, own[0]?.index ?? Number.POSITIVE_INFINITY);
  const last = own.at(-1)?.index ?? first;
  const socket = own[0]?.socket;
  const belongs = (step: Step) =>
    isOwn(step) ||
    (step.index >= first &&
      step.index <= last &&
      ((step.socket === socket && (step.kind === 'ws-binary' || frameOf(step)?.type === 'status')) ||
        (step.kind === 'http' && step.path === '/interrupt')));
  const ended = own.some((step) => {
    const frame = frameOf(step);
    return frame?.type === 'executing' && frame.data.node === null;
  });
  const asked = steps.findLast(
    (step) => step.kind === 'http' && step.path === `/history/${promptId}` && step.responseBody.length > 2,
  );
  const died = steps.find((step) => step.index > last && step.kind === 'ws-close');
  const diesAtOnce = died !== undefined && !ended && own.length > 0 && isBroken(died);
  return {
    prompt,
    promptId,
    number,
    post,
    steps: steps.filter(belongs),
    history:
      asked && asked.status === 200
        ? asked.responseBody
        : promptId && ended
          ? historyOf(own, promptId, number)
          : undefined,
    dies: diesAtOnce,
  };
}

function isBroken(step: Step): boolean {
  const parsed = z.object({ code: z.literal(1006), by: z.undefined().optional() }).safeParse(step.data);
  return parsed.success;
}

function promptOf(post: Step): Buffer | undefined {
  const body = post.requestBody;
  if (!body) return undefined;
  try {
    const span = membersOf(body).get('prompt');
    return span && body[span.start] === 0x7b ? body.subarray(span.start, span.end) : undefined;
  } catch {
    return undefined;
  }
}

/** The entry that history would show, put together from the events (same keys, contract 5.3). */
function historyOf(own: readonly Step[], promptId: string, number: number | undefined): Buffer {
  const outputs: Record<string, unknown> = {};
  const messages: [string, unknown][] = [];
  for (const step of own) {
    const frame = frameOf(step);
    if (!frame) continue;
    if (frame.type === 'executed' && frame.data.node) outputs[frame.data.node] = frame.data.output;
    if (frame.type.startsWith('execution_') && frame.data.exception_type !== 'ExecutionBlocked')
      messages.push([frame.type, frame.data]);
  }
  const success = messages.at(-1)?.[0] === 'execution_success';
  const status = { status_str: success ? 'success' : 'error', completed: success, messages };
  const entry = { prompt: [number ?? 0, promptId, {}, {}, []], outputs, status, meta: {} };
  return Buffer.from(JSON.stringify({ [promptId]: entry }));
}
