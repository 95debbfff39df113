import { Readable } from 'node:stream';
import { WorkshopError } from '../contract/errors.ts';
import { connectHttp } from './http-client.ts';
import { type ComfyOptions, withDefaults } from './options.ts';
import type { ComfyServer } from './roles.ts';
import { runPrompt } from './run-prompt.ts';
import { foreignAnswer, serverCalls } from './server-calls.ts';
import { keepSocket } from './socket.ts';

/** Longest silence while a file is downloaded. */
const VIEW_IDLE_MS = 60_000;

/**
 * Connects to one ComfyUI server. Returns at once: the WebSocket is opened in the background and kept open, so that
 * a prompt finds it warm; an absent server shows when it is used.
 * @param endpoint such as `http://127.0.0.1:8188`.
 * @throws WorkshopError CONFIG when the endpoint is no http(s) URL.
 */
export function connectComfy(endpoint: string, options: ComfyOptions = {}): ComfyServer {
  const url = parseEndpoint(endpoint);
  const patience = withDefaults(options);
  const http = connectHttp(url);
  const calls = serverCalls(http, patience);
  const socket = keepSocket(url, patience, async () => {
    const answer = await http.call({ method: 'GET', path: '/prompt', timeoutMs: patience.httpTimeoutMs });
    return answer.kind === 'answer' && answer.status === 200;
  });
  const closing = new AbortController();
  const ongoing = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;

  const track = <T>(work: Promise<T>): Promise<T> => {
    ongoing.add(work);
    const forget = () => ongoing.delete(work);
    work.then(forget, forget);
    return work;
  };

  return {
    endpoint: http.name,
    stats: (signal) => calls.stats(signal),
    run: (request) =>
      track(runPrompt({ endpoint: url, calls, socket, patience, closing: closing.signal }, request)),
    async find(promptId) {
      const queue = await calls.queue(promptId);
      if (queue.kind === 'unreachable') throw queue.error;
      if (queue.kind !== 'absent') return queue.kind;
      const history = await calls.history(promptId);
      if (history.kind === 'unreachable') throw history.error;
      return history.kind === 'absent' ? 'unknown' : 'finished';
    },
    free: () => calls.free(),
    async view(file, signal) {
      const query = new URLSearchParams({
        filename: file.filename,
        type: file.type,
        subfolder: file.subfolder,
      });
      const response = await http.open(`/view?${query}`, VIEW_IDLE_MS, signal);
      if (response.statusCode === 200) return Readable.toWeb(response);
      response.destroy();
      if (response.statusCode === 404)
        throw new WorkshopError(
          'NOT_FOUND',
          `ComfyUI no longer has the output file ${file.filename.slice(0, 200)}.`,
        );
      const status = response.statusCode ?? 0;
      throw foreignAnswer(http.name, { status, contentType: '', body: Buffer.alloc(0) }, '/view');
    },
    close() {
      closed ??= (async () => {
        closing.abort();
        socket.close();
        http.close();
        await Promise.allSettled(ongoing);
      })();
      return closed;
    },
  };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new WorkshopError(
      'CONFIG',
      `The ComfyUI address ${JSON.stringify(endpoint.slice(0, 200))} is no http URL.`,
      {
        remedy: 'Write it like http://127.0.0.1:8188.',
      },
    );
  return url;
}
