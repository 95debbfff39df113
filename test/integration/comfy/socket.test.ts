import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { withDefaults } from '../../../worker-agent/src/comfy/options.ts';
import { type EventSocket, keepSocket } from '../../../worker-agent/src/comfy/socket.ts';
import { until } from './stage.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close();
});

interface Peer {
  endpoint: URL;
  sockets: WebSocket[];
  clientIds: string[];
}

async function peer(onSocket: (socket: WebSocket) => void = () => {}): Promise<Peer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const one: Peer = { endpoint: new URL(`http://127.0.0.1:${port}`), sockets: [], clientIds: [] };
  server.on('connection', (socket, request) => {
    one.sockets.push(socket);
    one.clientIds.push(new URL(request.url ?? '/', 'http://x').searchParams.get('clientId') ?? '');
    expect(request.headers.origin).toBeUndefined();
    onSocket(socket);
  });
  opened.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return one;
}

function keep(one: Peer, isAlive: () => Promise<boolean>, pingMs = 50): EventSocket {
  const socket = keepSocket(one.endpoint, withDefaults({ pingMs }), isAlive);
  opened.push(() => socket.close());
  return socket;
}

test('each connection has a client id of its own', async () => {
  const one = await peer();
  const socket = keep(one, async () => true);
  expect(await socket.ready(5000)).toBe(one.clientIds[0]);
  one.sockets[0]?.terminate();
  await until(() => one.clientIds.length === 2, 'reconnected');
  one.sockets[1]?.close(1000);
  await until(() => one.clientIds.length === 3, 'reconnected after a clean close');
  expect(new Set(one.clientIds).size).toBe(3);
});

test('a socket that no longer answers pings is replaced when HTTP still answers', async () => {
  const one = await peer((socket) => one.sockets.length === 1 && socket.pause());
  const socket = keep(one, async () => true);
  let lost = 0;
  socket.subscribe({ onFrame: () => {}, onActivity: () => {}, onLost: () => (lost += 1) });
  await until(() => one.clientIds.length === 2, 'replaced');
  expect(lost).toBe(1);
  expect(one.clientIds[1]).not.toBe(one.clientIds[0]);
});

test('it is kept when HTTP is silent as well: a node may hold the interpreter', async () => {
  let asked = 0;
  const one = await peer((socket) => socket.pause());
  keep(one, async () => {
    asked += 1;
    return false;
  });
  await until(() => asked > 3, 'asked');
  expect(one.clientIds).toHaveLength(1);
});

test('hostile frames are ignored and the good one after them is heard', async () => {
  const one = await peer((socket) => {
    for (const text of [
      '',
      '{',
      'null',
      '[1]',
      '{"type":7}',
      '{"type":"executing"}',
      '{"type":"crystools","data":{}}',
    ])
      socket.send(text);
    for (const bytes of [
      [],
      [0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 4, 255, 255, 255, 255],
      [0, 0, 0, 9, 1, 2, 3, 4],
    ])
      socket.send(Buffer.from(bytes));
    socket.send('{"type":"status","data":{"status":{"exec_info":{"queue_remaining":NaN}}}}');
    socket.send('{"type":"status","data":{"status":{"exec_info":{"queue_remaining":3}}}}');
  });
  const socket = keep(one, async () => true, 10_000);
  const heard: unknown[] = [];
  socket.subscribe({ onFrame: (frame) => heard.push(frame), onActivity: () => {}, onLost: () => {} });
  await until(() => heard.length > 0, 'a frame');
  expect(heard).toEqual([{ type: 'status', data: { status: { exec_info: { queue_remaining: 3 } } } }]);
});

test('close ends it, also while it waits to reconnect, and twice is once', async () => {
  const one = await peer();
  const socket = keep(one, async () => true);
  await socket.ready(5000);
  const waiting = keepSocket(new URL('http://127.0.0.1:9'), withDefaults({}), async () => false);
  const ready = waiting.ready(60_000);
  waiting.close();
  waiting.close();
  expect(await ready).toBeUndefined();
  socket.close();
  await until(() => one.sockets[0]?.readyState === 3, 'closed at the server');
  expect(socket.state()).toEqual({ kind: 'closed' });
});
