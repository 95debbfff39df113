import { WebSocket } from 'ws';
import { type ComfyFrame, readBinaryFrame, readFrame } from './messages.ts';

export interface EventLinkHandlers {
  onOpen?(): void;
  onFrame(frame: ComfyFrame): void;
  /** Previews and texts are dropped; that they came is a sign of life of the prompt that runs. */
  onActivity?(promptId: string | null): void;
  /** Once, however it ended; also when it never opened. */
  onClose(): void;
}

/** One WebSocket connection to ComfyUI under one client id. */
export interface EventLink {
  readonly clientId: string;
  /** Milliseconds since anything was heard, pongs included. */
  silentForMs(): number;
  ping(): void;
  /** Drops the connection; `onClose` is called. Idempotent. */
  drop(): void;
}

/** Opens `/ws?clientId=…` (contract 5.7). No handshake is sent: previews are not wanted. */
export function openEventLink(endpoint: URL, clientId: string, handlers: EventLinkHandlers): EventLink {
  const url = new URL(endpoint);
  url.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';
  url.pathname = `${endpoint.pathname.replace(/\/$/, '')}/ws`;
  url.search = `?clientId=${encodeURIComponent(clientId)}`;
  const socket = new WebSocket(url, { handshakeTimeout: 10_000, perMessageDeflate: false });
  let heardAt = performance.now();
  let closed = false;
  const heard = () => {
    heardAt = performance.now();
  };
  const end = () => {
    if (closed) return;
    closed = true;
    handlers.onClose();
  };
  socket.on('open', () => {
    heard();
    handlers.onOpen?.();
  });
  socket.on('pong', heard);
  socket.on('message', (data, isBinary) => {
    if (closed) return;
    heard();
    const bytes = Buffer.isBuffer(data)
      ? data
      : Array.isArray(data)
        ? Buffer.concat(data)
        : Buffer.from(data);
    if (isBinary) {
      const frame = readBinaryFrame(bytes);
      handlers.onActivity?.(frame.kind === 'preview' ? frame.promptId : null);
      return;
    }
    const frame = readFrame(bytes.toString('utf8'));
    if (frame) handlers.onFrame(frame);
  });
  // An error is always followed by close; what matters is that the link is gone.
  socket.on('error', () => {});
  socket.on('close', end);
  return {
    clientId,
    silentForMs: () => performance.now() - heardAt,
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    drop: () => {
      socket.terminate();
      end();
    },
  };
}
