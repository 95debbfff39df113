import { z } from 'zod';
import { type ErrorInfo, WorkshopError } from '../contract/errors.ts';
import { type HistoryEntry, readHistory } from './history.ts';
import type { HttpAnswer, HttpClient, Unreachable } from './http-client.ts';
import type { Patience } from './options.ts';
import { explainRefusal, type NodeErrors, nodeErrorsSchema } from './refusal.ts';
import type { ComfyStats } from './roles.ts';
import { parseTolerantJson } from './tolerant-json.ts';

const acceptedSchema = z.object({ number: z.number().nullish(), node_errors: nodeErrorsSchema.catch({}) });
const remainingSchema = z.object({ exec_info: z.object({ queue_remaining: z.number() }) });
const queueItemSchema = z
  .tuple([
    z.number(),
    z.string(),
    z.unknown(),
    z.object({ client_id: z.unknown().optional() }).catch({ client_id: null }),
  ])
  .rest(z.unknown());
const queueSchema = z.object({ queue_running: z.array(z.unknown()), queue_pending: z.array(z.unknown()) });
const bytesCount = z.number().nonnegative().nullish().catch(null);
const statsSchema = z.object({
  system: z.object({ comfyui_version: z.string().nullish().catch(null) }),
  devices: z
    .array(
      z.object({
        type: z.string().catch(''),
        vram_total: bytesCount,
        vram_free: bytesCount,
        torch_vram_total: bytesCount,
        torch_vram_free: bytesCount,
      }),
    )
    .catch([]),
});

export type Submission =
  | { kind: 'accepted'; number: number | null; nodeErrors: NodeErrors }
  | { kind: 'refused'; error: ErrorInfo }
  | Unreachable;

export type HistoryLook =
  | { kind: 'entry'; entry: HistoryEntry }
  | { kind: 'absent' }
  /** The entry cannot be read: 500 for outputs that JSON cannot hold (contract 5.11.11), or nonsense. */
  | { kind: 'unreadable'; error: WorkshopError }
  | Unreachable;

/** Where the queue has a prompt; `clientId` is the one it was submitted with. */
export type QueueLook =
  | { kind: 'running' | 'queued'; number: number; clientId: string | null }
  | { kind: 'absent' }
  | Unreachable;

/**
 * ComfyUI's HTTP calls as typed acts (contract 5.1–5.6). A server that cannot be reached is a value; an answer that
 * ComfyUI does not give (a web page, say) throws WorkshopError COMFY_PROTOCOL.
 */
export interface ServerCalls {
  submit(body: Buffer): Promise<Submission>;
  history(promptId: string): Promise<HistoryLook>;
  /** Whole prompts cross the wire: only for when `remaining` is not enough. */
  queue(promptId: string): Promise<QueueLook>;
  /** Number of prompts running and waiting (the light form, contract 5.2). */
  remaining(): Promise<{ kind: 'remaining'; count: number } | Unreachable>;
  /** Deletes it from the queue and interrupts it if it runs; never a global interrupt (contract 5.11.7). */
  cancel(promptId: string): Promise<void>;
  stats(signal?: AbortSignal): Promise<ComfyStats>;
  free(): Promise<void>;
}

export function serverCalls(http: HttpClient, patience: Patience): ServerCalls {
  const timeoutMs = patience.httpTimeoutMs;
  const get = (path: string, signal?: AbortSignal) => http.call({ method: 'GET', path, timeoutMs, signal });
  const post = (path: string, value: unknown) =>
    http.call({ method: 'POST', path, timeoutMs, body: Buffer.from(JSON.stringify(value)) });
  const foreign = (answer: HttpAnswer, path: string) => foreignAnswer(http.name, answer, path);

  return {
    async submit(body) {
      const answer = await http.call({
        method: 'POST',
        path: '/prompt',
        body,
        timeoutMs: patience.submitTimeoutMs,
        repeatable: false,
      });
      if (answer.kind === 'unreachable') return answer;
      // Only a time-out leaves open whether the server behind the proxy took the prompt in.
      if (isGatewayError(answer))
        return { ...gateway(http.name, answer), why: answer.status === 504 ? 'silent' : 'refused' };
      if (answer.status === 200) {
        const { number, node_errors } = parseAs(acceptedSchema, answer, () => foreign(answer, '/prompt'));
        return { kind: 'accepted', number: number ?? null, nodeErrors: node_errors };
      }
      if (looksForeign(answer) || ![400, 413, 500].includes(answer.status)) throw foreign(answer, '/prompt');
      return { kind: 'refused', error: explainRefusal(answer.status, answer.body) };
    },

    async history(promptId) {
      const answer = await get(`/history/${encodeURIComponent(promptId)}`);
      if (answer.kind === 'unreachable') return answer;
      if (isGatewayError(answer)) return gateway(http.name, answer);
      if (answer.status !== 200 || looksForeign(answer))
        return { kind: 'unreadable', error: foreign(answer, '/history') };
      try {
        const entry = readHistory(answer.body, promptId);
        return entry ? { kind: 'entry', entry } : { kind: 'absent' };
      } catch (cause) {
        if (cause instanceof WorkshopError) return { kind: 'unreadable', error: cause };
        throw cause;
      }
    },

    async queue(promptId) {
      const answer = await get('/queue');
      if (answer.kind === 'unreachable') return answer;
      if (isGatewayError(answer)) return gateway(http.name, answer);
      const queue = parseAs(queueSchema, answer, () => foreign(answer, '/queue'));
      for (const [kind, items] of [
        ['running', queue.queue_running],
        ['queued', queue.queue_pending],
      ] as const)
        for (const item of items) {
          const parsed = queueItemSchema.safeParse(item);
          if (!parsed.success || parsed.data[1] !== promptId) continue;
          const [number, , , extra] = parsed.data;
          return { kind, number, clientId: typeof extra.client_id === 'string' ? extra.client_id : null };
        }
      return { kind: 'absent' };
    },

    async remaining() {
      const answer = await get('/prompt');
      if (answer.kind === 'unreachable') return answer;
      if (isGatewayError(answer)) return gateway(http.name, answer);
      const parsed = parseAs(remainingSchema, answer, () => foreign(answer, '/prompt'));
      return { kind: 'remaining', count: parsed.exec_info.queue_remaining };
    },

    async cancel(promptId) {
      if (promptId === '')
        throw new WorkshopError('INTERNAL', 'An empty prompt id would interrupt every prompt.');
      await post('/queue', { delete: [promptId] });
      await post('/interrupt', { prompt_id: promptId });
    },

    async stats(signal) {
      const answer = await get('/system_stats', signal);
      if (answer.kind === 'unreachable') throw answer.error;
      if (isGatewayError(answer)) throw gateway(http.name, answer).error;
      const { system, devices } = parseAs(statsSchema, answer, () => foreign(answer, '/system_stats'));
      // A cpu device reports main memory as if it were VRAM (contract 5.5).
      const device = devices.find(({ type }) => type !== 'cpu');
      return {
        version: system.comfyui_version ?? null,
        vramTotalMiB: toMiB(device?.vram_total),
        vramFreeMiB: toMiB(device?.vram_free),
        torchVramTotalMiB: toMiB(device?.torch_vram_total),
        torchVramFreeMiB: toMiB(device?.torch_vram_free),
      };
    },

    async free() {
      const answer = await post('/free', { unload_models: true, free_memory: true });
      if (answer.kind === 'unreachable') throw answer.error;
      if (answer.status !== 200) throw foreign(answer, '/free');
    },
  };
}

function parseAs<T>(schema: z.ZodType<T>, answer: HttpAnswer, otherwise: () => WorkshopError): T {
  if (answer.status !== 200 || looksForeign(answer)) throw otherwise();
  let value: unknown;
  try {
    value = parseTolerantJson(answer.body.toString('utf8'));
  } catch {
    throw otherwise();
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw otherwise();
  return parsed.data;
}

/** A web page where ComfyUI answers JSON or plain text. */
function looksForeign(answer: HttpAnswer): boolean {
  return (
    /html/i.test(answer.contentType) || answer.body.toString('latin1', 0, 64).trimStart().startsWith('<')
  );
}

/** A proxy in front of a server that is away: as good as no answer. */
function isGatewayError(answer: HttpAnswer): boolean {
  return answer.status === 502 || answer.status === 503 || answer.status === 504;
}

function gateway(name: string, answer: HttpAnswer): Unreachable {
  const error = new WorkshopError(
    'COMFY_UNREACHABLE',
    `A proxy at ${name} answers in place of ComfyUI: HTTP ${answer.status}.`,
    { remedy: "Look at the worker's ComfyUI server and its log." },
  );
  return { kind: 'unreachable', why: 'broken', error };
}

/** What to say of an answer that ComfyUI does not give. */
export function foreignAnswer(name: string, answer: HttpAnswer, path: string): WorkshopError {
  const what =
    answer.status !== 200
      ? `HTTP ${answer.status}`
      : answer.body.length === 0
        ? 'nothing at all'
        : looksForeign(answer)
          ? 'a web page'
          : 'something that is not its JSON';
  return new WorkshopError('COMFY_PROTOCOL', `ComfyUI at ${name} answered ${path} with ${what}.`, {
    remedy: 'Check that the address is a ComfyUI server and not a login page or another program.',
  });
}

function toMiB(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : Math.round(bytes / 1_048_576);
}
