import { setTimeout as sleep } from 'node:timers/promises';
import { WorkshopError } from '../contract/errors.ts';
import { observableState } from './observable-state.ts';
import { listenerPids } from './process-tree.ts';
import { lookAtComfy } from './readiness.ts';
import type { ManagedServer, Runtime, Slot } from './roles.ts';

export interface ExternalOptions {
  /** Base URLs without a trailing slash; slot i is served by the i-th. */
  urls: readonly string[];
  /** Between two looks at a server that is not ready, ms. Default 1000. */
  pollMs?: number;
  /** Between two looks at a server that is ready, ms. Default 10 000: a stalled event loop is no death (contract 5.10). */
  watchMs?: number;
  /** How long a server may stay silent before it counts as failed rather than starting, ms. Default 60 000. */
  patienceMs?: number;
}

/** ComfyUI servers that somebody else runs. They are watched, never started, stopped or restarted. */
export function externalRuntime(options: ExternalOptions): Runtime {
  const servers = new Set<ManagedServer>();
  return {
    kind: 'external',
    maxWorkers: options.urls.length,
    async start(slot) {
      const endpoint = options.urls[slot.index];
      if (endpoint === undefined)
        throw new WorkshopError('RUNTIME_START', `There is no ComfyUI server for ${slot.workerId}.`, {
          remedy: `Add its URL to COMFYUI_URLS; ${options.urls.length} are given.`,
        });
      const server = watchServer(slot, endpoint, options, () => servers.delete(server));
      servers.add(server);
      return server;
    },
    async close() {
      await Promise.all([...servers].map((server) => server.stop(0)));
    },
  };
}

function watchServer(
  slot: Slot,
  endpoint: string,
  options: ExternalOptions,
  onStop: () => void,
): ManagedServer {
  const { pollMs = 1000, watchMs = 10_000, patienceMs = 60_000 } = options;
  const state = observableState({ kind: 'starting', note: `waiting for ${endpoint}` });
  const stopped = new AbortController();
  let again = new AbortController();
  let silentSince = performance.now();
  let misses = 0;

  const judge = async () => {
    const look = await lookAtComfy(endpoint, stopped.signal);
    if (stopped.signal.aborted) return;
    if (look.kind === 'answers') {
      misses = 0;
      silentSince = performance.now();
      state.set({ kind: 'ready', endpoint });
      return;
    }
    misses += 1;
    // One missed look may be a stall while a model loads; refused twice means it is gone.
    if (state.get().kind === 'ready' && misses < 3) return;
    if (performance.now() - silentSince < patienceMs && state.get().kind !== 'failed') {
      state.set({ kind: 'starting', note: `waiting for ${endpoint}: ${look.why}` });
      return;
    }
    const error = new WorkshopError(
      'COMFY_UNREACHABLE',
      `ComfyUI at ${endpoint} is not usable: ${look.why}.`,
      {
        remedy: 'Start ComfyUI there, or correct COMFYUI_URLS.',
      },
    );
    state.set({ kind: 'failed', error: error.toInfo(), retryAt: null });
  };
  const watch = async () => {
    while (!stopped.signal.aborted) {
      await judge();
      const pause = state.get().kind === 'ready' && misses === 0 ? watchMs : pollMs;
      await sleep(pause, undefined, { signal: AbortSignal.any([stopped.signal, again.signal]) }).catch(
        () => {},
      );
    }
  };
  void watch();

  return {
    slot,
    state: state.get,
    onChange: state.onChange,
    pids: () => listenerPids(endpoint),
    async restart() {
      // Somebody else's process: all we can do is look again at once.
      silentSince = performance.now();
      state.set({ kind: 'starting', note: `waiting for ${endpoint}` });
      again.abort();
      again = new AbortController();
    },
    async stop() {
      stopped.abort();
      state.set({ kind: 'stopped' });
      onStop();
    },
  };
}
