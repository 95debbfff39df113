import { reachesRedis } from '../alerts/facts.ts';
import type { WorkshopSnapshot } from '../workshop.ts';
import type { CapacitySettings } from './capacity-settings.ts';
import type { CapacityState } from './capacity-state.ts';
import type { Catalogue } from './catalogue.ts';
import { hostCapacityOf } from './host-capacity.ts';
import { rentalMetersOf } from './rental.ts';
import { type AdvisedHost, adviceOf } from './worker-advice.ts';

/** Works out what fits, what is advised and what it costs. Pure. @param now local epoch ms. */
export function capacityOf(
  snapshot: Readonly<WorkshopSnapshot>,
  settings: CapacitySettings,
  catalogue: Catalogue,
  now: number,
  workshopGuardMiB: number | null = null,
): Omit<CapacityState, 'shared'> {
  const jobs = Object.values(snapshot.jobs);
  const reached = reachesRedis(snapshot);
  const redisNow = now + (snapshot.clockOffsetMs ?? 0);
  const advised = Object.values(snapshot.hosts).map(
    (host): AdvisedHost => ({
      hostId: host.id,
      maxWorkers: host.status?.maxWorkers ?? null,
      capacity: hostCapacityOf({
        ...{ host, jobs, settings, workshopGuardMiB, catalogue, redisNow, reached, now },
      }),
    }),
  );
  return {
    settings,
    hosts: Object.fromEntries(advised.map(({ hostId, capacity }) => [hostId, capacity])),
    advice: adviceOf(settings, catalogue, advised),
    rentals: rentalMetersOf(snapshot, settings, now),
  };
}
