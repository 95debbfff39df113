/**
 * WebSocket side of ComfyUI: frames addressed by sid, the feature_flags handshake, and the reconnect trap
 * (contract 5.7, 5.8; recordings 03, 14, 15).
 *
 * Frames leave in batches from the event loop, as they do in ComfyUI, where the prompt thread only puts
 * them into a queue.
 */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { type Dumpable, dumpJson, type Json, type JsonObject, parseJson } from './python-json.ts';

/** A client_id as it came with the prompt; absent and null mean: to all sockets. */
export type Sid = Json | undefined;

interface Connection {
  readonly socket: WebSocket;
  readonly transport: Socket;
  deaf: boolean;
  ended: boolean;
}

interface Frame {
  readonly type: string;
  readonly content: Dumpable | Buffer;
  readonly sid: Sid;
}

export interface HubOptions {
  readonly serverFlags: () => Dumpable;
  /** The frame a new socket gets first. */
  readonly greeting: (sid: string) => Dumpable;
  /** Node to report to a socket that comes back while its prompt runs. */
  readonly currentNode: (sid: string) => string | undefined;
  /** The publish loop hit something JSON cannot hold, or a client_id that is no key: the process ends. */
  readonly crash: () => void;
  /** How long a broken connection stays unnoticed. */
  readonly abortNoticeMs: number;
  readonly newSid: () => string;
}

export class SocketHub {
  private readonly options: HubOptions;
  private readonly sockets = new Map<string, Connection>();
  private readonly featureFlags = new Map<string, JsonObject>();
  private readonly connections = new Set<Connection>();
  private outbox: Frame[] = [];
  private flushing = false;
  private holds = 0;
  /** Failure injection: no socket hears anything. */
  deafAll = false;
  /** Failure injection: a socket that takes over a clientId is deaf from the start. */
  deafAfterReconnect = false;
  /** Frames handed to sockets so far. */
  framesSent = 0;
  private readonly usedSids = new Set<string>();

  constructor(options: HubOptions) {
    this.options = options;
  }

  send(type: string, data: Dumpable, sid?: Sid): void {
    this.post({ type, content: data, sid });
  }

  sendBinary(event: number, body: Buffer, sid?: Sid): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(event, 0);
    this.post({ type: '', content: Buffer.concat([head, body]), sid });
  }

  supportsPreviewMetadata(sid: Sid): boolean {
    return typeof sid === 'string' && this.featureFlags.get(sid)?.get('supports_preview_metadata') === true;
  }

  hasSocket(sid: string): boolean {
    return this.sockets.has(sid);
  }

  /** Nothing waits to be sent. */
  get isDrained(): boolean {
    return !this.flushing && (this.outbox.length === 0 || this.holds > 0);
  }

  get size(): number {
    return this.connections.size;
  }

  /** Keeps frames back until the returned function is called. */
  hold(): () => void {
    this.holds += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.holds -= 1;
      this.scheduleFlush();
    };
  }

  /** websocket_handler(): a socket with the same sid replaces the old one in the table. */
  accept(socket: WebSocket, transport: Socket, clientId: string): void {
    const sid = clientId === '' ? this.options.newSid() : clientId;
    const connection: Connection = { socket, transport, deaf: false, ended: false };
    const previous = this.sockets.get(sid);
    // A close frame that has arrived is a finished handler; only a broken connection goes unnoticed.
    if (previous && previous.socket.readyState === previous.socket.CLOSING) this.end(previous, sid);
    connection.deaf = this.deafAfterReconnect && this.usedSids.has(sid);
    this.usedSids.add(sid);
    this.connections.add(connection);
    this.sockets.set(sid, connection);
    this.featureFlags.set(sid, new Map());
    this.send('status', this.options.greeting(sid), sid);
    const node = this.options.currentNode(sid);
    if (node !== undefined) this.send('executing', { node }, sid);
    let first = true;
    socket.on('message', (data, isBinary) => {
      if (isBinary || !first) return;
      const message = parseObject(String(data));
      if (!message) return;
      first = false;
      if (message.get('type') !== 'feature_flags') return;
      const flags = message.get('data');
      this.featureFlags.set(sid, flags instanceof Map ? flags : new Map());
      this.send('feature_flags', this.options.serverFlags(), sid);
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      if (code === 1006) setTimeout(() => this.end(connection, sid), this.options.abortNoticeMs).unref();
      else this.end(connection, sid);
    });
  }

  /** Breaks every connection without a close frame. */
  destroyAll(): void {
    for (const { transport } of this.connections) transport.resetAndDestroy();
  }

  /** Forgets everything, as a new process does. */
  reset(): void {
    this.destroyAll();
    this.connections.clear();
    this.sockets.clear();
    this.featureFlags.clear();
    this.usedSids.clear();
    this.outbox = [];
    this.holds = 0;
  }

  /** The `finally` of the handler. It removes whatever socket now has the sid: the trap of 5.8. */
  private end(connection: Connection, sid: string): void {
    if (connection.ended) return;
    connection.ended = true;
    if (!this.connections.delete(connection)) return;
    this.sockets.delete(sid);
    this.featureFlags.delete(sid);
  }

  private post(frame: Frame): void {
    this.outbox.push(frame);
    this.scheduleFlush();
  }

  private scheduleFlush(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      if (this.holds === 0) this.flush();
    });
  }

  private flush(): void {
    const frames = this.outbox;
    this.outbox = [];
    for (const { type, content, sid } of frames) {
      if (Array.isArray(sid) || sid instanceof Map) {
        this.options.crash();
        return;
      }
      const targets = this.targets(sid);
      if (targets.length === 0) continue;
      let payload: string | Buffer;
      try {
        payload = Buffer.isBuffer(content) ? content : dumpJson({ type, data: content });
      } catch {
        this.options.crash();
        return;
      }
      for (const { socket } of targets) socket.send(payload);
      this.framesSent += targets.length;
    }
  }

  private targets(sid: Sid): Connection[] {
    if (this.deafAll) return [];
    const chosen = sid === undefined || sid === null ? [...this.sockets.values()] : this.find(sid);
    return chosen.filter(({ socket, deaf }) => !deaf && socket.readyState === socket.OPEN);
  }

  private find(sid: Json): Connection[] {
    const connection = typeof sid === 'string' ? this.sockets.get(sid) : undefined;
    return connection ? [connection] : [];
  }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}
