import type { ComfyServer, ComfyStats } from '../comfy/roles.ts';
import { toWorkshopError } from '../contract/errors.ts';
import type { WorkerState } from '../contract/host.ts';
import type { ManagedServer } from '../runtime/roles.ts';
import type { Clock } from './clock.ts';

/** A worker's way to its ComfyUI: connected and trusted, or the state that says why not. */
export type ComfyFound = { kind: 'usable'; comfy: ComfyServer } | { kind: 'missing'; state: WorkerState };

export interface ComfyAccess {
  /** Connects if need be; a server under suspicion must first answer. */
  find(): Promise<ComfyFound>;
  /** The server let a job down: it must answer before it is used again. */
  suspect(): void;
  version(): string | null;
  /** The connection as it stands; undefined while there is none to rely on. */
  current(): ComfyServer | undefined;
  close(): Promise<void>;
}

export function createComfyAccess(
  server: Pick<ManagedServer, 'state'>,
  connect: (endpoint: string) => ComfyServer,
  clock: Pick<Clock, 'now'>,
  /** Told what the server says of itself whenever it is found anew. */
  onFound: (stats: ComfyStats) => void,
): ComfyAccess {
  let comfy: ComfyServer | undefined;
  let connectedTo = '';
  let suspicious = true;
  let version: string | null = null;

  const connected = async (endpoint: string): Promise<ComfyServer> => {
    if (comfy && connectedTo === endpoint) return comfy;
    await comfy?.close();
    comfy = connect(endpoint);
    connectedTo = endpoint;
    suspicious = true;
    return comfy;
  };
  const starting = (note: string): ComfyFound => ({
    kind: 'missing',
    state: { kind: 'starting', since: clock.now(), note },
  });

  return {
    async find() {
      const state = server.state();
      if (state.kind !== 'ready') suspicious = true;
      switch (state.kind) {
        case 'starting':
          return starting(state.note);
        case 'stopped':
          return starting('its server is stopped');
        case 'failed': {
          const since = clock.now();
          // The runtime counts on this machine's clock, people are told Redis time.
          const retryAt = state.retryAt === null ? null : Math.round(since + state.retryAt - Date.now());
          return { kind: 'missing', state: { kind: 'failed', since, error: state.error, retryAt } };
        }
        case 'ready':
          break;
      }
      const ready = await connected(state.endpoint);
      if (!suspicious) return { kind: 'usable', comfy: ready };
      try {
        const stats = await ready.stats();
        version = stats.version;
        onFound(stats);
        suspicious = false;
        return { kind: 'usable', comfy: ready };
      } catch (cause) {
        return starting(toWorkshopError(cause, 'COMFY_UNREACHABLE').message);
      }
    },
    suspect() {
      suspicious = true;
    },
    version: () => version,
    current: () => (suspicious ? undefined : comfy),
    close: async () => comfy?.close(),
  };
}
