import type { CapacityFacts } from '../alerts/facts.ts';
import type { CapacityState } from './capacity-state.ts';
import { machinesOf } from './rental.ts';

/** What alerts need to know of it. @param state what is known now; null for nothing. */
export function capacityFactsOf(state: () => Omit<CapacityState, 'shared'> | null): CapacityFacts {
  return {
    guardMiB: (hostId, gpuIndex) =>
      state()?.hosts[hostId]?.cardGuards.find(({ index }) => index === gpuIndex)?.guardMiB ?? null,
    fits(hostId, workers) {
      const host = state()?.hosts[hostId];
      const one = host?.counts.find((count) => count.workers === workers);
      if (!one || host?.word !== 'now' || (one.verdict === 'fits' && one.reserve)) return null;
      return one.verdict === 'fits';
    },
    rentals() {
      const known = state();
      const alone = machinesOf(known?.rentals ?? [], Object.keys(known?.hosts ?? {})) <= 1;
      return (known?.rentals ?? []).flatMap(({ hostId, rental: { endsAt }, meter: { lastSafeAt } }) =>
        endsAt === null ? [] : [{ hostId: alone ? null : hostId, endsAt, lastSafeAt }],
      );
    },
  };
}
