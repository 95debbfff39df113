import type { CapacityFacts } from '../alerts/facts.ts';
import type { CapacityState } from './capacity-state.ts';

/** What alerts need to know of it. @param state what is known now; null for nothing. */
export function capacityFactsOf(state: () => Omit<CapacityState, 'shared'> | null): CapacityFacts {
  return {
    guardMiB: (hostId) => state()?.hosts[hostId]?.guardMiB ?? null,
    fits(hostId, workers) {
      const one = state()?.hosts[hostId]?.counts.find((count) => count.workers === workers);
      return one ? one.verdict === 'fits' : null;
    },
    rental() {
      const known = state();
      const endsAt = known?.settings.rental?.endsAt;
      return endsAt == null ? null : { endsAt, lastSafeAt: known?.rental?.lastSafeAt ?? null };
    },
  };
}
