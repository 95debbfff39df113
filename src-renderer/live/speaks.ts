import { isReporting } from '../../worker-agent/src/contract/agent-word.ts';
import { useClock } from './clock.ts';
import { isReached } from './reached.ts';
import { type LiveState, liveStore } from './store.ts';

/** Whether what is shown of a host is only the last known; one that is not known is not. */
export function useIsStale(hostId: string): boolean {
  return useClock((now) => {
    const state: LiveState = liveStore.getState();
    const host = state.hosts[hostId];
    return host !== undefined && !(isReached(state) && isReporting(host, now));
  });
}
