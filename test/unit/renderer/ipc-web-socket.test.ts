import { expect, test, vi } from 'vitest';
import type { BridgeMessage } from '../../../src-preload/bridge.ts';
import { ipcWebSocketOver } from '../../../src-renderer/live/ipc-web-socket.ts';

function bridgeOf() {
  const sent: BridgeMessage[] = [];
  const listeners = new Set<(message: BridgeMessage) => void>();
  const IpcWebSocket = ipcWebSocketOver({
    send: (message) => void sent.push(message),
    onMessage: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const tell = (message: BridgeMessage) => {
    for (const listener of listeners) listener(message);
  };
  return { IpcWebSocket, sent, tell, listeners };
}

test('opens, talks and closes like a WebSocket', () => {
  const { IpcWebSocket, sent, tell, listeners } = bridgeOf();
  const socket = new IpcWebSocket('ipc:');
  const opened = vi.fn();
  const messages: unknown[] = [];
  const closed = vi.fn();
  socket.addEventListener('open', opened);
  socket.addEventListener('message', ({ data }) => messages.push(data));
  socket.addEventListener('close', closed);
  const id = sent[0]?.id ?? '';
  expect(sent).toEqual([{ id, open: true }]);
  expect(socket.readyState).toBe(IpcWebSocket.CONNECTING);
  expect(() => socket.send('early')).toThrow('not open');
  tell({ id, open: true });
  expect(opened).toHaveBeenCalledOnce();
  socket.send('hello');
  tell({ id, data: 'there' });
  tell({ id: 'another', data: 'not ours' });
  expect(messages).toEqual(['there']);
  expect(sent.at(-1)).toEqual({ id, data: 'hello' });
  socket.close();
  socket.close();
  expect(sent.filter((message) => 'close' in message)).toHaveLength(1);
  expect(closed).toHaveBeenCalledOnce();
  expect(listeners.size).toBe(0);
});

test('main closes it: one close event, and it listens no more', () => {
  const { IpcWebSocket, sent, tell, listeners } = bridgeOf();
  const socket = new IpcWebSocket('ipc:');
  const closed = vi.fn();
  socket.addEventListener('close', closed);
  const id = sent[0]?.id ?? '';
  tell({ id, open: true });
  tell({ id, close: true });
  tell({ id, close: true });
  expect(closed).toHaveBeenCalledOnce();
  expect(socket.readyState).toBe(IpcWebSocket.CLOSED);
  expect(listeners.size).toBe(0);
});
