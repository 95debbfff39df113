import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RoomDoor } from '../../api/roles/room.ts';
import type { Services } from '../../api/roles.ts';
import { roomRouter } from '../../api/room-router.ts';
import { appRouter } from '../../api/router.ts';
import { createGate, securityHeaders } from './security.ts';
import { readStatic } from './static-files.ts';

export interface WebShellOptions {
  services: Services;
  /** Folder of the built renderer. */
  rendererDir: string;
  /** Default 0: any free port. */
  port?: number;
  /** Told about requests that failed inside, for the log. */
  onError?: (cause: unknown) => void;
}

export interface WebShell {
  readonly port: number;
  /** A link that opens the console once; each call makes a new one. */
  link(): string;
  /** A link to the room view, for anybody on this machine; it reads and can change nothing. */
  roomLink(): string;
  /** Ends all connections. Idempotent. */
  close(): Promise<void>;
}

/** Largest message a page may send, bytes; its requests are a few hundred. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/**
 * Serves the renderer and the API on 127.0.0.1 only (decision 8 of the architecture).
 * @throws the system's error when the port cannot be had.
 */
export async function startWebShell(options: WebShellOptions): Promise<WebShell> {
  const http = createServer();
  await listen(http, options.port ?? 0);
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('the web shell has no TCP port');
  const { port } = address;
  const gate = createGate(port);
  const headers = securityHeaders(port);

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (gate.refuse(request) === 'foreign-host')
      return void sayNo(response, 421, 'This is not the address of the console.');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void sayNo(response, 405, 'Only reading is possible here.');
    const url = new URL(request.url ?? '/', 'http://console.invalid');
    // The page names no icon file; browsers ask all the same, and an error in their console would look like ours.
    if (url.pathname === '/favicon.ico') return void response.writeHead(204).end();
    const token = url.searchParams.get('token');
    if (isRoomPath(url.pathname)) {
      const room = token === null ? undefined : gate.exchangeRoom(token);
      if (room !== undefined) return void logIn(response, gate.roomCookieName, room, '/room');
      if (gate.refuseRoom(request) !== undefined) return void sayNo(response, 401, NO_ROOM);
      return void (await sendFile(request, response, url.pathname === '/room' ? '/room.html' : url.pathname));
    }
    const session = token === null ? undefined : gate.exchange(token);
    if (session !== undefined) return void logIn(response, gate.cookieName, session, '/');
    if (gate.refuse(request) !== undefined) return void sayNo(response, 401, NO_SESSION);
    await sendFile(request, response, url.pathname);
  };
  const sendFile = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    const file = await readStatic(options.rendererDir, path);
    if (!file) return void sayNo(response, 404, 'There is no such file.');
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.body.length,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  };
  http.on('request', (request, response) => {
    answer(request, response).catch((cause: unknown) => {
      options.onError?.(cause);
      if (!response.headersSent) sayNo(response, 500, 'The console could not read its own files.');
      else response.destroy();
    });
  });

  const newServer = () => new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const doors = [
    { path: '/trpc', sockets: newServer(), refuse: gate.refuseSocket, router: appRouter },
    { path: ROOM_SOCKET, sockets: newServer(), refuse: gate.refuseRoomSocket, router: roomRouter },
  ];
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const path = new URL(request.url ?? '/', 'http://console.invalid').pathname;
    const door = doors.find((one) => one.path === path);
    const why = (door?.refuse ?? gate.refuseSocket)(request);
    if (why !== undefined || !door) {
      const status =
        why === 'foreign-host' ? '421 Misdirected Request' : why ? '401 Unauthorized' : '404 Not Found';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { sockets } = door;
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request));
  });
  const roomDoor: RoomDoor = {
    open: async () => ({ kind: 'link', url: gate.roomLink() }),
    where: () => ({ screens: [], link: gate.roomLink() }),
  };
  for (const { sockets, router } of doors) {
    sockets.on('connection', (client: WebSocket) => client.on('error', (cause) => options.onError?.(cause)));
    applyWSSHandler({
      wss: sockets,
      router,
      createContext: ({ res }) => ({
        services: options.services,
        roomDoor,
        backlogBytes: () => res.bufferedAmount,
      }),
      keepAlive: { enabled: true, pingMs: 10_000, pongWaitMs: 5_000 },
    });
  }

  let closed: Promise<void> | undefined;
  return {
    port,
    link: () => gate.link(),
    roomLink: () => gate.roomLink(),
    close() {
      closed ??= new Promise<void>((done) => {
        for (const { sockets } of doors) {
          for (const client of sockets.clients) client.terminate();
          sockets.close();
        }
        http.close(() => done());
        http.closeAllConnections();
      });
      return closed;
    },
  };
}

const NO_SESSION =
  'This link was used already, or the console was started anew.\n' +
  'Open the newest link that it printed; press Enter in its terminal for another one.\n';

const NO_ROOM =
  'This link to the room view is not of this console, or the console was started anew.\n' +
  'Open the room view from the console again.\n';

/** Where the room view's page talks to main. */
const ROOM_SOCKET = '/room/trpc';

/** What the room's read-only session may fetch: its page, and built files, which hold nothing of a workshop. */
const isRoomPath = (path: string) => path === '/room' || path.startsWith('/assets/');

function logIn(response: ServerResponse, cookieName: string, session: string, location: string): void {
  const cookie = `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/`;
  response.writeHead(303, { location, 'set-cookie': cookie, 'cache-control': 'no-store' }).end();
}

function sayNo(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    .end(text);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', fail);
      done();
    });
  });
}
