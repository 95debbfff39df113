import type { HostView } from '../../src-main/api/types.ts';
import { useClock } from './clock.ts';
import { isReached } from './reached.ts';
import { type LiveState, liveStore } from './store.ts';

/** Whether a host's agent runs and its last word still holds. @param now local epoch ms. */
export function speaks({ status, heardAt, mismatch }: HostView, now: number): boolean {
  if (status === null || heardAt === null || mismatch !== null) return false;
  return status.phase !== 'stopped' && now - heardAt <= status.nextWithinMs;
}

/** Whether what is shown of a host is only the last known; one that is not known is not. */
export function useIsStale(hostId: string): boolean {
  return useClock((now) => {
    const state: LiveState = liveStore.getState();
    const host = state.hosts[hostId];
    return host !== undefined && !(isReached(state) && speaks(host, now));
  });
}
