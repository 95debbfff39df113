import { randomUUID } from 'node:crypto';
import { type EventLink, openEventLink } from './event-link.ts';
import type { ComfyFrame } from './messages.ts';
import type { Patience } from './options.ts';

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;

export type SocketState =
  | { kind: 'connecting' }
  | { kind: 'open'; clientId: string }
  | { kind: 'waiting'; retryAt: number }
  | { kind: 'closed' };

export interface SocketListener {
  onFrame(frame: ComfyFrame): void;
  onActivity(promptId: string | null): void;
  /** The connection was lost or replaced: events under the old client id no longer come here. */
  onLost(): void;
}

/**
 * Keeps one WebSocket to a ComfyUI server open. Each connection has a fresh client id: the server's clean-up of an
 * old connection removes a new one that shares its id, which then stays deaf (contract 5.8, 5.11.20).
 */
export interface EventSocket {
  state(): SocketState;
  /** Client id of the open connection; waits up to `waitMs` for one, then undefined. */
  ready(waitMs: number): Promise<string | undefined>;
  /** Drops the connection and opens another at once, because it seems deaf or dead. */
  replace(): void;
  subscribe(listener: SocketListener): () => void;
  /** Idempotent. */
  close(): void;
}

/** @param isAlive whether the server answers HTTP now; a silent socket of a silent server is left alone (5.10). */
export function keepSocket(endpoint: URL, patience: Patience, isAlive: () => Promise<boolean>): EventSocket {
  const listeners = new Set<SocketListener>();
  const waiters = new Set<() => void>();
  let state: SocketState = { kind: 'connecting' };
  let link: EventLink | undefined;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let probing = false;

  const connect = () => {
    clearTimeout(retry);
    state = { kind: 'connecting' };
    const clientId = randomUUID();
    const opened = openEventLink(endpoint, clientId, {
      onOpen: () => {
        if (link !== opened) return;
        retryMs = FIRST_RETRY_MS;
        state = { kind: 'open', clientId };
        for (const wake of waiters) wake();
      },
      onFrame: (frame) => {
        for (const listener of listeners) listener.onFrame(frame);
      },
      onActivity: (promptId) => {
        for (const listener of listeners) listener.onActivity(promptId);
      },
      onClose: () => {
        if (link !== opened) return;
        lost();
      },
    });
    link = opened;
  };

  const lost = () => {
    link = undefined;
    const wasOpen = state.kind === 'open';
    state = { kind: 'waiting', retryAt: Date.now() + retryMs };
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(LAST_RETRY_MS, retryMs * 2);
    if (wasOpen) for (const listener of listeners) listener.onLost();
  };

  const replace = () => {
    if (state.kind === 'closed') return;
    const old = link;
    link = undefined;
    old?.drop();
    connect();
    for (const listener of listeners) listener.onLost();
  };

  const beat = setInterval(() => {
    if (!link || state.kind !== 'open') return;
    if (link.silentForMs() < patience.pingMs * 2.5) return link.ping();
    if (probing) return;
    const suspect = link;
    probing = true;
    void isAlive().then((alive) => {
      probing = false;
      if (!alive || link !== suspect || suspect.silentForMs() < patience.pingMs) return;
      patience.onNotice('The WebSocket to ComfyUI was dead although the server answers; it was replaced.');
      replace();
    });
  }, patience.pingMs);

  connect();
  return {
    state: () => state,
    async ready(waitMs) {
      if (state.kind === 'open') return state.clientId;
      if (state.kind === 'closed') return undefined;
      if (state.kind === 'waiting') connect();
      let wake = () => {};
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        waiters.add(wake);
        timer = setTimeout(resolve, waitMs);
      });
      clearTimeout(timer);
      waiters.delete(wake);
      return currentClientId();
    },
    replace,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      if (state.kind === 'closed') return;
      state = { kind: 'closed' };
      clearInterval(beat);
      clearTimeout(retry);
      const old = link;
      link = undefined;
      old?.drop();
      for (const wake of waiters) wake();
      listeners.clear();
    },
  };

  function currentClientId(): string | undefined {
    return state.kind === 'open' ? state.clientId : undefined;
  }
}
