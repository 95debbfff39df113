/**
 * What crosses between renderer and main in the desktop app: any number of socket-shaped connections, told apart by
 * `id`. The renderer opens one, both sides exchange text, either side closes it. Types and one name; nothing runs.
 */

/** Name of the one IPC channel, in both directions. */
export const BRIDGE_CHANNEL = 'workshop';

export type BridgeMessage =
  /** From the renderer: please open; from main: it is open. */
  { id: string; open: true } | { id: string; data: string } | { id: string; close: true };

/** `window.workshop` in the desktop app; undefined in a browser, where the page talks over a WebSocket instead. */
export interface WorkshopBridge {
  send(message: BridgeMessage): void;
  /** @returns a function that ends the listening. */
  onMessage(listener: (message: BridgeMessage) => void): () => void;
}
