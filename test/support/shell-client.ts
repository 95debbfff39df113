import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { WebSocket } from 'ws';
import type { AppRouter } from '../../src-main/api/types.ts';

/**
 * Speaks to a web shell as its page does, without a browser.
 * @param cookie as the door of the shell set it.
 */
export function shellClient(port: number, cookie: string) {
  class OurSocket extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie, origin: `http://127.0.0.1:${port}` } });
    }
  }
  const socket = createWSClient({
    url: `ws://127.0.0.1:${port}/trpc`,
    WebSocket: OurSocket as unknown as typeof globalThis.WebSocket,
  });
  const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] });
  return { client, close: () => socket.close() };
}

/** Goes in by the link that the shell printed; the link counts once. */
export async function enterShell(link: string) {
  const { headers } = await fetch(link, { redirect: 'manual' });
  const cookie = headers.getSetCookie()[0]?.split(';')[0];
  if (cookie === undefined) throw new Error('the shell lets nobody in');
  return shellClient(Number(new URL(link).port), cookie);
}
