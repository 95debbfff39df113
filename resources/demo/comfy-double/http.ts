/** Requests, answers and routes in the manner of aiohttp, which serves ComfyUI. */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { type Dumpable, dumpJson } from './python-json.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Variable parts of the path, decoded. */
  readonly params: readonly string[];
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** No content-length: the answer of a file that is not there. */
  readonly chunked?: boolean;
}

export type Handler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: Handler;
}

export const TEXT_PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
export const INTERNAL_SERVER_ERROR: HttpAnswer = {
  status: 500,
  headers: TEXT_PLAIN,
  body: '500 Internal Server Error\n\nServer got itself in trouble',
};

export function jsonAnswer(value: Dumpable, status = 200): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: dumpJson(value) };
}

export function emptyAnswer(status = 200): HttpAnswer {
  return { status };
}

/** `/history/{}`: `{}` is one segment. Unless told otherwise the path also answers below /api. */
export function route(method: string, path: string, handler: Handler, alias = true): Route {
  const body = path.replaceAll(/[.]/g, '\\.').replaceAll('{}', '([^/]+)');
  return { method, pattern: new RegExp(`^${alias ? '(?:/api)?' : ''}${body}$`), handler };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Unknown paths fall to the static files of the web UI: GET gives 404, anything else 405 (recording 11b). */
export async function dispatch(routes: readonly Route[], request: HttpRequest): Promise<HttpAnswer> {
  const matching = routes.filter(({ pattern }) => pattern.test(request.path));
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const found = matching.find((candidate) => candidate.method === method);
  if (!found) {
    if (method === 'GET')
      return { status: 404, headers: { 'content-type': 'application/octet-stream' }, chunked: true };
    const allowed = new Set(['GET', 'HEAD', ...matching.map((candidate) => candidate.method)]);
    return {
      status: 405,
      headers: { ...TEXT_PLAIN, allow: [...allowed].sort().join(',') },
      body: '405: Method Not Allowed',
    };
  }
  const params = (found.pattern.exec(request.path) ?? []).slice(1).map(decode);
  return found.handler({ ...request, params });
}

const MAX_BODY_BYTES = 100 * 1024 * 1024;

/** The whole body, or undefined if it is longer than --max-upload-size. */
export async function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** Writes an answer with the headers aiohttp would add. */
export function writeAnswer(message: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  const { status, headers, body = '', chunked } = answer;
  response.writeHead(status, {
    ...headers,
    ...(chunked === true ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    server: 'Python/3.11 aiohttp/3.14.3',
  });
  response.end(message.method === 'HEAD' ? undefined : body);
}
