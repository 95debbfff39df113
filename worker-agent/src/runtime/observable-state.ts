import type { ServerState } from './roles.ts';

/** A server's state with listeners; setting an equal state tells nobody. */
export interface ObservableState {
  get(): ServerState;
  set(next: ServerState): void;
  onChange(listener: (state: ServerState) => void): () => void;
}

export function observableState(initial: ServerState): ObservableState {
  let state = initial;
  const listeners = new Set<(state: ServerState) => void>();
  return {
    get: () => state,
    set(next) {
      if (JSON.stringify(next) === JSON.stringify(state)) return;
      state = next;
      for (const listener of listeners) listener(next);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
