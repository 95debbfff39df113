import { createTRPCClient, createWSClient, type TRPCClient, wsLink } from '@trpc/client';
import type { AppRouter, RoomRouter } from '../../src-main/api/types.ts';
import type { WorkshopBridge } from '../../src-preload/bridge.ts';
import { ipcWebSocketOver } from './ipc-web-socket.ts';

declare global {
  interface Window {
    /** Given by the preload in the desktop app; a browser has none. */
    workshop?: WorkshopBridge;
  }
}

export type Client = TRPCClient<AppRouter>;

/** Waits before the first, second … reconnection, ms: quick at first, never slower than 3 s. */
const retryDelayMs = (attempt: number) => Math.min(3000, 200 * 2 ** attempt);

/** Opens a connection to main: over the preload's bridge in the desktop app, else over a WebSocket at `path`. */
function openSocket(path: string): ReturnType<typeof createWSClient> {
  const bridge = window.workshop;
  const { protocol, host } = window.location;
  return createWSClient(
    bridge
      ? { url: 'ipc:', WebSocket: ipcWebSocketOver(bridge), retryDelayMs }
      : {
          url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}${path}`,
          retryDelayMs,
          keepAlive: { enabled: true, intervalMs: 5000, pongTimeoutMs: 3000 },
        },
  );
}

/** Opens the console's one connection to main. */
export function openClient(): { client: Client; close: () => Promise<void> } {
  const socket = openSocket('/trpc');
  return {
    client: createTRPCClient<AppRouter>({ links: [wsLink({ client: socket })] }),
    close: () => socket.close(),
  };
}

export type RoomClient = TRPCClient<RoomRouter>;

/** Opens the room view's connection, which can read its picture and nothing else. */
export function openRoomClient(): RoomClient {
  return createTRPCClient<RoomRouter>({ links: [wsLink({ client: openSocket('/room/trpc') })] });
}
