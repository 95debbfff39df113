import { type ClientRequest, get } from 'node:http';
import { get as getSecure } from 'node:https';

/** What one look at a ComfyUI server says. */
export type Look = { kind: 'answers' } | { kind: 'silent'; why: string } | { kind: 'other'; why: string };

const LOOK_TIMEOUT_MS = 10_000;
/** `system` stands at the front of the answer; the rest is not needed. */
const ENOUGH_BYTES = 4096;

/** Asks GET /system_stats (contract 5.5): anything but JSON with `system` is not ComfyUI. */
export function lookAtComfy(endpoint: string, signal: AbortSignal): Promise<Look> {
  return new Promise((resolve) => {
    // Plain http and no fetch: its machinery would cost the agent megabytes for this one call.
    const ask = endpoint.startsWith('https:') ? getSecure : get;
    const timeout = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    let text = '';
    const request: ClientRequest = ask(
      `${endpoint}/system_stats`,
      { agent: false, signal: AbortSignal.any([signal, timeout]) },
      (response) => {
        const status = response.statusCode ?? 0;
        const conclude = () => {
          if (status < 200 || status > 299) resolve({ kind: 'other', why: `it answers with HTTP ${status}` });
          else if (/^\s*\{/.test(text) && text.includes('"system"')) resolve({ kind: 'answers' });
          else resolve({ kind: 'other', why: 'what answers there is not ComfyUI' });
        };
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length < ENOUGH_BYTES) return;
          conclude();
          request.destroy();
        });
        response.on('end', conclude);
        response.on('error', (cause) => resolve({ kind: 'silent', why: reasonOf(cause) }));
      },
    );
    request.on('error', (cause) =>
      resolve({
        kind: 'silent',
        why: timeout.aborted ? 'it did not answer within 10 seconds' : reasonOf(cause),
      }),
    );
  });
}

function reasonOf(cause: Error): string {
  if (!('code' in cause)) return cause.message;
  if (cause.code === 'ECONNREFUSED') return 'nothing listens there yet';
  if (cause.code === 'ENOTFOUND') return 'its host name is unknown';
  if (cause.code === 'ECONNRESET') return 'the connection was cut';
  return cause.message;
}
