import type { WorkshopBridge } from '../../src-preload/bridge.ts';

/**
 * A WebSocket-shaped connection over the preload's bridge, so that the same tRPC client runs in the desktop app and
 * in a browser. Only what tRPC's wsLink uses: text frames, `readyState`, and the four events.
 * @returns a class to hand to createWSClient.
 */
export function ipcWebSocketOver(bridge: WorkshopBridge): typeof WebSocket {
  class IpcWebSocket extends EventTarget {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readonly CONNECTING = 0;
    readonly OPEN = 1;
    readonly CLOSING = 2;
    readonly CLOSED = 3;
    readonly url = 'ipc:';
    readonly protocol = '';
    readonly extensions = '';
    readonly bufferedAmount = 0;
    binaryType: BinaryType = 'arraybuffer';
    readyState: 0 | 1 | 2 | 3 = IpcWebSocket.CONNECTING;
    onopen: ((event: Event) => void) | null = null;
    onmessage: ((event: MessageEvent) => void) | null = null;
    onerror: ((event: Event) => void) | null = null;
    onclose: ((event: CloseEvent) => void) | null = null;
    readonly #id = crypto.randomUUID();
    readonly #stop: () => void;

    constructor() {
      super();
      this.#stop = bridge.onMessage((message) => {
        if (message.id !== this.#id) return;
        if ('open' in message) this.#opened();
        else if ('data' in message) this.#tell(new MessageEvent('message', { data: message.data }));
        else this.#closed();
      });
      bridge.send({ id: this.#id, open: true });
    }

    send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      if (this.readyState !== IpcWebSocket.OPEN) throw new DOMException('not open', 'InvalidStateError');
      if (typeof data !== 'string') throw new TypeError('only text crosses the bridge');
      bridge.send({ id: this.#id, data });
    }

    close(): void {
      if (this.readyState >= IpcWebSocket.CLOSING) return;
      bridge.send({ id: this.#id, close: true });
      this.#closed();
    }

    #opened(): void {
      if (this.readyState !== IpcWebSocket.CONNECTING) return;
      this.readyState = IpcWebSocket.OPEN;
      this.#tell(new Event('open'));
    }

    #closed(): void {
      if (this.readyState === IpcWebSocket.CLOSED) return;
      this.readyState = IpcWebSocket.CLOSED;
      this.#stop();
      this.#tell(new CloseEvent('close', { code: 1000 }));
    }

    #tell(event: Event): void {
      this.dispatchEvent(event);
      if (event instanceof MessageEvent) this.onmessage?.(event);
      else if (event instanceof CloseEvent) this.onclose?.(event);
      else if (event.type === 'open') this.onopen?.(event);
    }
  }
  return IpcWebSocket;
}
