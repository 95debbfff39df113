import {
  type AgentOptions,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { WorkshopError } from '../contract/errors.ts';

/** Larger answers are cut off: a prompt has at most 10 MB (contract 1.2), a queue holds a few. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
/** Below aiohttp's 75 s keep-alive, so that we close an idle connection before the server does. */
const IDLE_CONNECTION_MS = 30_000;

export interface HttpCall {
  method: 'GET' | 'POST';
  /** Path and query below the endpoint, with a leading slash. */
  path: string;
  /** JSON bytes. */
  body?: Buffer;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Whether a call that broke on a reused connection may be sent again. Default true. */
  repeatable?: boolean;
}

export interface HttpAnswer {
  status: number;
  contentType: string;
  body: Buffer;
}

/**
 * Why there is no answer. `refused`: nothing listens, so nothing was taken in and nothing runs there.
 * `silent`: no answer in time, which a busy server does too (contract 5.10). `broken`: the connection failed on the
 * way, and the server may have taken the call in. `aborted`: the caller's signal.
 */
export type Unreachable = {
  kind: 'unreachable';
  why: 'refused' | 'silent' | 'broken' | 'aborted';
  error: WorkshopError;
};

export interface HttpClient {
  /** The endpoint without credentials, for sentences. */
  readonly name: string;
  /** Never throws; a call without an answer is a value. */
  call(call: HttpCall): Promise<({ kind: 'answer' } & HttpAnswer) | Unreachable>;
  /** The answer's head, its body still unread; `idleMs` limits each silence. @throws WorkshopError */
  open(path: string, idleMs: number, signal?: AbortSignal): Promise<IncomingMessage>;
  /** Ends idle and busy connections. Idempotent. */
  close(): void;
}

/**
 * HTTP to one ComfyUI server over kept-alive connections. Sends no Origin header: ComfyUI's guard would answer 403
 * (contract 5, 5.11.2).
 * @param endpoint such as `http://127.0.0.1:8188`, a path prefix allowed.
 */
export function connectHttp(endpoint: URL): HttpClient {
  const secure = endpoint.protocol === 'https:';
  const agentOptions: AgentOptions = { keepAlive: true, maxFreeSockets: 4, timeout: IDLE_CONNECTION_MS };
  const agent = secure ? new SecureAgent(agentOptions) : new PlainAgent(agentOptions);
  const prefix = endpoint.pathname.replace(/\/$/, '');
  const name = `${endpoint.protocol}//${endpoint.host}${prefix}`;
  const credentials = endpoint.username
    ? { auth: `${decodeURIComponent(endpoint.username)}:${decodeURIComponent(endpoint.password)}` }
    : {};

  const send = (method: string, path: string, body: Buffer | undefined) =>
    (secure ? secureRequest : plainRequest)({
      agent,
      method,
      protocol: endpoint.protocol,
      hostname: endpoint.hostname.replace(/^\[|\]$/g, ''),
      port: endpoint.port || undefined,
      path: prefix + path,
      headers: body
        ? { 'content-type': 'application/json', 'content-length': body.length, accept: '*/*' }
        : { accept: '*/*' },
      ...credentials,
    });

  const once = (call: HttpCall) =>
    new Promise<{ reused: boolean; result: ({ kind: 'answer' } & HttpAnswer) | Unreachable }>((resolve) => {
      const request = send(call.method, call.path, call.body);
      let done = false;
      const finish = (result: ({ kind: 'answer' } & HttpAnswer) | Unreachable) => {
        if (done) return;
        done = true;
        clearTimeout(timer);
        call.signal?.removeEventListener('abort', onAbort);
        if (result.kind === 'unreachable') request.destroy();
        resolve({ reused: request.reusedSocket, result });
      };
      const fail = (why: Unreachable['why'], cause?: unknown) => finish(unreachable(name, why, cause));
      const onAbort = () => fail('aborted');
      const timer = setTimeout(() => fail('silent'), call.timeoutMs);
      request.on('error', (cause) => fail(isRefused(cause) ? 'refused' : 'broken', cause));
      request.on('response', (response) => {
        const parts: Buffer[] = [];
        let length = 0;
        response.on('data', (part: Buffer) => {
          length += part.length;
          if (length > MAX_ANSWER_BYTES) fail('broken', new Error('the answer is larger than 64 MiB'));
          else parts.push(part);
        });
        response.on('error', (cause) => fail('broken', cause));
        response.on('aborted', () => fail('broken', new Error('the answer broke off')));
        response.on('end', () =>
          finish({
            kind: 'answer',
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts),
          }),
        );
      });
      if (call.signal?.aborted) return fail('aborted');
      call.signal?.addEventListener('abort', onAbort);
      request.end(call.body);
    });

  return {
    name,
    async call(call) {
      const first = await once(call);
      // The server may close an idle connection at the moment we reuse it; that says nothing about its health.
      const stale = first.result.kind === 'unreachable' && first.result.why === 'broken' && first.reused;
      return stale && call.repeatable !== false ? (await once(call)).result : first.result;
    },
    open: (path, idleMs, signal) =>
      new Promise((resolve, reject) => {
        const request = send('GET', path, undefined);
        const fail = (why: Unreachable['why'], cause?: unknown) => {
          request.destroy();
          reject(unreachable(name, why, cause).error);
        };
        const onAbort = () => fail('aborted');
        request.setTimeout(idleMs, () =>
          request.destroy(new Error(`no data for ${Math.round(idleMs / 1000)} s`)),
        );
        request.on('error', (cause) => fail(isRefused(cause) ? 'refused' : 'broken', cause));
        request.on('close', () => signal?.removeEventListener('abort', onAbort));
        request.on('response', resolve);
        if (signal?.aborted) return onAbort();
        signal?.addEventListener('abort', onAbort);
        request.end();
      }),
    close: () => agent.destroy(),
  };
}

const SENTENCES: Record<Unreachable['why'], string> = {
  refused: 'refuses the connection; the server is not running',
  silent: 'does not answer in time',
  broken: 'cannot be reached',
  aborted: 'was not asked to the end; the call was given up',
};

function unreachable(name: string, why: Unreachable['why'], cause: unknown): Unreachable {
  const detail = cause instanceof Error && cause.message && why === 'broken' ? ` (${cause.message})` : '';
  const error = new WorkshopError('COMFY_UNREACHABLE', `ComfyUI at ${name} ${SENTENCES[why]}${detail}.`, {
    remedy: "Look at the worker's ComfyUI server and its log.",
    cause,
  });
  return { kind: 'unreachable', why, error };
}

function isRefused(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
