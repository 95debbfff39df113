import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { getWSConnectionHandler, type WSSHandlerOptions } from '@trpc/server/adapters/ws';
import type { IpcMain, IpcMainEvent, WebContents } from 'electron';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { BRIDGE_CHANNEL, type BridgeMessage } from '../../../src-preload/bridge.ts';
import type { Print } from '../../api/roles/history.ts';
import type { RoomDoor } from '../../api/roles/room.ts';
import type { Services } from '../../api/roles.ts';
import { type RoomRouter, roomRouter } from '../../api/room-router.ts';
import { type AppRouter, appRouter } from '../../api/router.ts';

/**
 * The router over Electron's IPC: tRPC's own WebSocket adapter is given a socket-shaped object for each connection
 * that a page opens, so both shells share one wire format, one error shape and one behaviour.
 */
export interface IpcTransport {
  /** Connections that are open now. */
  count(): number;
  /** Closes all connections and stops listening. */
  close(): void;
}

export interface IpcTransportOptions {
  ipcMain: IpcMain;
  services: Services;
  roomDoor: RoomDoor;
  /** Makes a PDF of the console's page. */
  print?: Print;
  /** Whether this message comes from a page of ours; others are ignored. */
  trusts: (event: IpcMainEvent) => boolean;
  /** Whether it comes from the room view's page, which gets the room's read-only router and no other. */
  trustsRoom?: (event: IpcMainEvent) => boolean;
}

/** Connections one page may hold; it needs one. */
const CONNECTIONS_MAX = 8;
const MAX_MESSAGE_CHARS = 1024 * 1024;

const id = z.string().min(1).max(100);
const messageSchema: z.ZodType<BridgeMessage> = z.union([
  z.strictObject({ id, open: z.literal(true) }),
  z.strictObject({ id, data: z.string().max(MAX_MESSAGE_CHARS) }),
  z.strictObject({ id, close: z.literal(true) }),
]);

export function serveIpc(options: IpcTransportOptions): IpcTransport {
  const { ipcMain, services, roomDoor, print, trusts, trustsRoom } = options;
  // The adapter serves single sockets here, so it never touches the server its type asks for.
  const serve = (router: AppRouter | RoomRouter) =>
    getWSConnectionHandler({
      router,
      createContext: () => ({ services, roomDoor, ...(print && { print }) }),
    } as unknown as WSSHandlerOptions<AppRouter>);
  const consoleConnected = serve(appRouter);
  const roomConnected = serve(roomRouter);
  const pages = new Map<number, Map<string, PageSocket>>();

  const socketsOf = (page: WebContents) => {
    const known = pages.get(page.id);
    if (known) return known;
    const sockets = new Map<string, PageSocket>();
    const closeAll = () => {
      for (const socket of [...sockets.values()]) socket.close();
    };
    pages.set(page.id, sockets);
    page.once('destroyed', () => {
      closeAll();
      pages.delete(page.id);
    });
    page.on('render-process-gone', closeAll);
    // A reload leaves no goodbye; without this its subscriptions would run on for ever.
    page.on('did-start-navigation', ({ isMainFrame, isSameDocument }) => {
      if (isMainFrame && !isSameDocument) closeAll();
    });
    return sockets;
  };

  const receive = (event: IpcMainEvent, raw: unknown) => {
    const connected = trusts(event) ? consoleConnected : trustsRoom?.(event) ? roomConnected : undefined;
    if (!connected) return;
    const parsed = messageSchema.safeParse(raw);
    if (!parsed.success) return;
    const message = parsed.data;
    const page = event.sender;
    const sockets = socketsOf(page);
    const socket = sockets.get(message.id);
    if ('data' in message) {
      // As ws delivers text: bytes, not binary.
      socket?.emit('message', Buffer.from(message.data), false);
    } else if ('close' in message) {
      socket?.close();
    } else if (!socket && sockets.size < CONNECTIONS_MAX) {
      const opened = new PageSocket(page, message.id);
      sockets.set(message.id, opened);
      opened.once('close', () => sockets.delete(message.id));
      connected(opened as unknown as WebSocket, UPGRADE_REQUEST);
      opened.tell({ id: message.id, open: true });
    }
  };
  ipcMain.on(BRIDGE_CHANNEL, receive);

  return {
    count: () => [...pages.values()].reduce((sum, sockets) => sum + sockets.size, 0),
    close() {
      ipcMain.off(BRIDGE_CHANNEL, receive);
      for (const sockets of pages.values()) for (const socket of [...sockets.values()]) socket.close();
      pages.clear();
    },
  };
}

/** What the adapter reads of the HTTP request that opens a socket; here there is none. */
const UPGRADE_REQUEST = { url: '/trpc', headers: {} } as unknown as IncomingMessage;

const OPEN = 1;
const CLOSED = 3;

/** One connection of one page, in the shape of a `ws` socket as far as the adapter uses it. */
class PageSocket extends EventEmitter {
  readyState: number = OPEN;
  readonly #page: WebContents;
  readonly #id: string;

  constructor(page: WebContents, connectionId: string) {
    super();
    this.#page = page;
    this.#id = connectionId;
  }

  send(data: string): void {
    if (this.readyState === OPEN) this.tell({ id: this.#id, data });
  }

  close(): void {
    if (this.readyState !== OPEN) return;
    this.readyState = CLOSED;
    this.tell({ id: this.#id, close: true });
    this.emit('close');
  }

  terminate(): void {
    this.close();
  }

  tell(message: BridgeMessage): void {
    if (!this.#page.isDestroyed()) this.#page.send(BRIDGE_CHANNEL, message);
  }
}
