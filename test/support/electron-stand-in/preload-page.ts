/** Names of the two doors between page and stand-in; the page loses sight of the first before its own scripts run. */
export const SEND_BINDING = '__standInSend';
export const DELIVER = 'stand-in.deliver';

/**
 * The init script that gives a page its preload: `contextBridge` and `ipcRenderer` as a sandboxed preload sees them,
 * and nothing else to require. It runs in the page's main world, so context isolation itself is not shown by it.
 * @param source the built preload bundle (CommonJS).
 */
export function preloadScript(source: string): string {
  const names = JSON.stringify({ sendBinding: SEND_BINDING, deliver: DELIVER });
  return `(${installPreload.toString()})(${names}, function (require, module, exports) {\n${source}\n});`;
}

type Listener = (event: object, ...args: unknown[]) => void;
type PreloadBundle = (
  require: (name: string) => unknown,
  module: { exports: object },
  exports: object,
) => void;

/** Runs in the page. Must not refer to anything outside itself. */
function installPreload(names: { sendBinding: string; deliver: string }, bundle: PreloadBundle): void {
  // Sub-frames get no preload, as in Electron by default.
  if (window.top !== window) return;
  const send: unknown = Reflect.get(window, names.sendBinding);
  Reflect.deleteProperty(window, names.sendBinding);
  if (typeof send !== 'function') throw new Error('the stand-in has no door to this page');
  const listeners = new Map<string, Listener[]>();

  const ipcRenderer = {
    on(channel: string, listener: Listener) {
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      return ipcRenderer;
    },
    off(channel: string, listener: Listener) {
      listeners.set(
        channel,
        (listeners.get(channel) ?? []).filter((each) => each !== listener),
      );
      return ipcRenderer;
    },
    send(channel: string, ...args: unknown[]) {
      // As Electron: what cannot be cloned throws here, in the caller's face.
      send(channel, structuredClone(args));
    },
  };
  Object.defineProperty(window, Symbol.for(names.deliver), {
    value: (channel: string, args: unknown[]) => {
      for (const listener of listeners.get(channel) ?? [])
        listener({ sender: ipcRenderer, ports: [] }, ...args);
    },
  });

  /** What the bridge lets through: plain data by copy, functions by proxy; prototypes stay behind. */
  const across = (value: unknown): unknown => {
    if (typeof value === 'function') return (...args: unknown[]) => across(value(...args.map(across)));
    if (Array.isArray(value)) return value.map(across);
    if (typeof value === 'symbol') throw new TypeError('a symbol cannot cross the bridge');
    if (typeof value !== 'object' || value === null) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
    return Object.freeze(
      Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, across(inner)])),
    );
  };
  const contextBridge = {
    exposeInMainWorld(key: string, value: unknown) {
      Object.defineProperty(window, key, { value: across(value), enumerable: true });
    },
  };

  const module = { exports: {} };
  const require = (name: string) => {
    if (name === 'electron') return { contextBridge, ipcRenderer };
    throw new Error(`module not found: ${name}`);
  };
  bundle(require, module, module.exports);
}
