import type { WorkshopSnapshot } from '../workshop.ts';
import type { CapacitySettings } from './capacity-settings.ts';
import type { CapacityState, WorkerAdvice } from './capacity-state.ts';
import { type Catalogue, workersForCard, workersForUsers } from './catalogue.ts';
import { hostCapacityOf } from './host-capacity.ts';
import { rentalMeterOf } from './rental.ts';

/** Works out what fits, what is advised and what it costs. Pure. @param now local epoch ms. */
export function capacityOf(
  snapshot: Readonly<WorkshopSnapshot>,
  settings: CapacitySettings,
  catalogue: Catalogue,
  now: number,
  workshopGuardMiB: number | null = null,
): Omit<CapacityState, 'shared'> {
  const jobs = Object.values(snapshot.jobs);
  const redisNow = now + (snapshot.clockOffsetMs ?? 0);
  const hosts: CapacityState['hosts'] = {};
  for (const host of Object.values(snapshot.hosts))
    hosts[host.id] = hostCapacityOf({ host, jobs, settings, workshopGuardMiB, catalogue, redisNow });
  return {
    settings,
    hosts,
    advice: adviceOf(snapshot, settings, catalogue, hosts),
    rental: rentalMeterOf(snapshot, settings, now),
  };
}

/** The guide's number for the workshop, no more than cards and memory carry. null before a plan was made. */
function adviceOf(
  snapshot: Readonly<WorkshopSnapshot>,
  { preset, users }: CapacitySettings,
  catalogue: Catalogue,
  hosts: CapacityState['hosts'],
): WorkerAdvice | null {
  const byPreset = catalogue.presets.find(({ id }) => id === preset)?.workers ?? null;
  const byUsers = users === null ? null : (workersForUsers(catalogue, users)?.workers ?? null);
  // Clips need their memory whatever the number of people; pictures share it.
  const asked = preset === 'video' ? byPreset : (byUsers ?? byPreset);
  if (asked === null) return null;
  const all = Object.values(hosts);
  const byCards = sumOf(
    all.map(({ totalMiB, cards }) =>
      totalMiB === null ? null : Math.max(1, workersForCard(catalogue, totalMiB) ?? 1) * cards,
    ),
  );
  const byMemory = sumOf(
    all.map(({ counts }) =>
      counts.length === 0
        ? null
        : Math.max(0, ...counts.flatMap((one) => (one.verdict === 'fits' ? one.workers : 0))),
    ),
  );
  const most = sumOf(Object.values(snapshot.hosts).map(({ status }) => status?.maxWorkers ?? null));
  const limits = [byCards, byMemory, most].filter((limit) => limit !== null);
  return { workers: Math.max(1, Math.min(asked, ...limits)), byPreset, byUsers, byCards, byMemory };
}

/** null where one of them is not known, or there are none. */
function sumOf(parts: readonly (number | null)[]): number | null {
  if (parts.length === 0 || parts.includes(null)) return null;
  return parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);
}
