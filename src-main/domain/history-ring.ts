import { freshMachineGpus } from './hosts/machine-view.ts';
import type { Histories, HostView, Sample, WorkshopSnapshot } from './workshop.ts';

/** 30 min of seconds, 12 h of minutes. */
export const FINE_STEP_MS = 1000;
export const FINE_KEPT = 30 * 60;
export const COARSE_STEP_MS = 60_000;
export const COARSE_KEPT = 12 * 60;

/** GPU figures older than this are not known now, ms. Agents send a frame a second. */
const LIVE_FOR_MS = 5000;
/** Queue figures older than this are not known now, ms. */
const QUEUE_FOR_MS = 5000;

/** Both rings; takes one sample a second and keeps the last of each minute as well. */
export interface HistoryRings {
  /** @returns the samples to tell subscribers: always the fine one, and a coarse one when a minute is full. */
  add(sample: Sample): { sample: Sample; coarse: boolean }[];
  histories(): Histories;
  /**
   * Puts samples from before in front; any order, any density. What is older than the rings reach is left out.
   * @returns whether there was any.
   */
  restore(older: readonly Sample[], now: number): boolean;
  clear(): void;
}

export function createHistoryRings(): HistoryRings {
  let fine: Sample[] = [];
  let coarse: Sample[] = [];
  return {
    add(sample) {
      fine.push(sample);
      if (fine.length > FINE_KEPT) fine = fine.slice(-FINE_KEPT);
      const told = [{ sample, coarse: false }];
      const last = coarse.at(-1);
      if (!last || Math.floor(sample.at / COARSE_STEP_MS) > Math.floor(last.at / COARSE_STEP_MS)) {
        coarse = [...coarse, sample].slice(-COARSE_KEPT);
        told.push({ sample, coarse: true });
      }
      return told;
    },
    restore(older, now) {
      const before = older.filter(({ at }) => at < (fine[0]?.at ?? now)).sort((a, b) => a.at - b.at);
      if (before.length === 0) return false;
      fine = [...before.filter(({ at }) => at > now - FINE_KEPT * FINE_STEP_MS), ...fine].slice(-FINE_KEPT);
      const minutes = new Map<number, Sample>();
      for (const sample of before.filter(({ at }) => at > now - COARSE_KEPT * COARSE_STEP_MS)) {
        const minute = Math.floor(sample.at / COARSE_STEP_MS);
        if (!minutes.has(minute)) minutes.set(minute, sample);
      }
      coarse = [...minutes.values(), ...coarse].slice(-COARSE_KEPT);
      return true;
    },
    histories: () => ({ fine: [...fine], coarse: [...coarse] }),
    clear() {
      fine = [];
      coarse = [];
    },
  };
}

/**
 * One point of the charts. What is not known at `at` is null, so that it is drawn as a gap: a link that is down, a
 * host that has gone quiet.
 */
export function sampleOf(snapshot: Readonly<WorkshopSnapshot>, at: number): Sample {
  const queueKnown =
    isOpen(snapshot) && snapshot.queueAt !== null && at - snapshot.queueAt <= QUEUE_FOR_MS && snapshot.counts;
  const vramMiB: Record<string, number | null> = {};
  const utilization: Record<string, number | null> = {};
  for (const host of Object.values(snapshot.hosts)) {
    const word = lastWord(host);
    const fresh = isOpen(snapshot) && word !== null && ageOf(word.at, host, snapshot, at) <= LIVE_FOR_MS;
    for (const gpu of word?.gpus ?? []) {
      const key = `${host.id}/${gpu.index}`;
      vramMiB[key] = fresh ? gpu.memoryUsedMiB : null;
      utilization[key] = fresh ? gpu.utilization : null;
    }
  }
  // Where no agent tells, nvidia-smi over SSH may.
  for (const { hostId, gpus } of freshMachineGpus(snapshot, at))
    for (const gpu of gpus) {
      const key = `${hostId}/${gpu.index}`;
      vramMiB[key] ??= gpu.memoryUsedMiB;
      utilization[key] ??= gpu.utilization;
    }
  return {
    at,
    pending: queueKnown ? queueKnown.pending : null,
    running: queueKnown ? queueKnown.running : null,
    completedPerMinute: queueKnown ? completedInMinuteBefore(snapshot, at) : null,
    vramMiB,
    utilization,
  };
}

/** Frame or status, whichever the agent said last. */
function lastWord({ live, status }: HostView) {
  if (!live) return status;
  return status && status.at > live.at ? status : live;
}

/** Age of a word by Redis's clock, which it is dated in; by the time we heard it while that clock is not measured. */
function ageOf(
  redisAt: number,
  host: HostView,
  { clockOffsetMs }: Readonly<WorkshopSnapshot>,
  at: number,
): number {
  if (clockOffsetMs !== null) return at + clockOffsetMs - redisAt;
  return host.heardAt === null ? Number.POSITIVE_INFINITY : at - host.heardAt;
}

function isOpen(snapshot: Readonly<WorkshopSnapshot>): boolean {
  return snapshot.links.redis.kind === 'ready' || snapshot.links.redis.kind === 'degraded';
}

function completedInMinuteBefore(snapshot: Readonly<WorkshopSnapshot>, at: number): number | null {
  if (snapshot.clockOffsetMs === null) return null;
  const until = at + snapshot.clockOffsetMs;
  let count = 0;
  for (const job of Object.values(snapshot.jobs))
    if (job.status === 'completed' && job.completedAt !== null && job.completedAt > until - 60_000)
      count += 1;
  return count;
}
