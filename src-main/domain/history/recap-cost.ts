import { gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import type { HostRental } from '../capacity/capacity-settings.ts';
import { covered, type Span, unionOf } from '../spans.ts';
import { boundsOf, type LocalDay } from './local-day.ts';
import { type EndedJob, type HistoryRecord, keyOf } from './record.ts';

const HOUR = 3_600_000;
/** Two samples further apart than this have a gap between them, ms. */
export const GAP_MS = 30_000;

/** What one machine cost on a day: its rental as far as it falls on it. */
export interface RecapCost {
  /** null where it was entered for no single host. */
  hostId: string | null;
  perHour: number;
  currency: string;
  hours: number;
  amount: number;
  /** Part of the amount for time in which it is known that no job ran; null while nothing is known. */
  idle: number | null;
  /** Hours of which it is not known whether a job ran there: they may have been idle, too. */
  unknownHours: number;
}

/** A job that runs at the end of what is known; local epoch ms. */
export interface OpenRun {
  /** null where it is not known. */
  hostId: string | null;
  span: Span;
}

export interface CostOptions {
  /** The rentals as they are entered now; of a day outside of them those count that were kept then. */
  rentals: readonly HostRental[];
  /** What runs now. */
  running: readonly OpenRun[];
  /** Whose a worker is, for jobs that were kept before that was known; null where nobody can tell. */
  hostOf(workerId: string | null): string | null;
  /** Local epoch ms. */
  now: number;
}

/**
 * What the machines cost on a day, each by itself, by the name of its host.
 * @param records of this day and, for jobs that ran over midnight and what was read only then, of the next.
 * @param lastKnown until when a kept rental without an end counts, local epoch ms; null for not at all.
 */
export function costsOf(
  day: LocalDay,
  records: readonly HistoryRecord[],
  { rentals, running, hostOf, now }: CostOptions,
  lastKnown: number | null,
): RecapCost[] {
  const bounds = boundsOf(day);
  if (!bounds) return [];
  const known = knownSpans(records, now);
  const ran = [...runsOf(records, hostOf), ...running];
  const kept = keptRentals(day, records).map(({ hostId, rental }) => ({
    ...{ hostId, rental: { ...rental, endsAt: rental.endsAt ?? lastKnown } },
  }));
  const named = [...rentals, ...kept, ...ran].flatMap(({ hostId }) => hostId ?? []);
  const several = new Set(named).size > 1;
  const costOf = ({ hostId, rental }: HostRental): RecapCost | null => {
    const from = Math.max(bounds.from, rental.startedAt);
    const until = Math.min(bounds.until, rental.endsAt ?? now, now);
    if (until <= from) return null;
    const theirs = (run: OpenRun) =>
      hostId === null || run.hostId === hostId || (run.hostId === null && !several);
    const own = ran.filter(theirs).map(({ span }) => span);
    const maybe = ran.filter((run) => theirs(run) || run.hostId === null).map(({ span }) => span);
    const windows = unionOf(known, from, until);
    const within = (spans: readonly Span[]) => sum(windows.map(([begin, end]) => covered(spans, begin, end)));
    const knownMs = sum(windows.map(([begin, end]) => end - begin));
    const unsureMs = within(maybe) - within(own);
    const { pricePerHour, currency } = rental;
    return {
      ...{ hostId, perHour: pricePerHour, currency, hours: (until - from) / HOUR },
      amount: ((until - from) / HOUR) * pricePerHour,
      idle: knownMs === 0 ? null : ((knownMs - within(maybe)) / HOUR) * pricePerHour,
      unknownHours: (until - from - knownMs + unsureMs) / HOUR,
    };
  };
  const costs = rentals.flatMap((one) => costOf(one) ?? []);
  for (const one of kept) {
    // What was entered for no single host is what a host has by now.
    if (one.hostId === null && (costs.length > 0 || kept.length > 1)) continue;
    if (!costs.some(({ hostId }) => hostId === one.hostId))
      costs.push(...[costOf(one)].filter((cost) => cost !== null));
  }
  return costs;
}

/** The last that was kept of each host's rental on a day. */
function keptRentals(day: LocalDay, records: readonly HistoryRecord[]): HostRental[] {
  const bounds = boundsOf(day);
  const kept = new Map<string | null, HostRental>();
  for (const record of records)
    if (record.t === 'rental' && bounds && record.at >= bounds.from && record.at < bounds.until)
      kept.set(record.hostId ?? null, { hostId: record.hostId ?? null, rental: record.rental });
  return [...kept.values()];
}

/** When it is known of every job whether it ran: while a console watched, and as far back as ended jobs were listed. */
function knownSpans(records: readonly HistoryRecord[], now: number): Span[] {
  const spans: Span[] = [];
  const times: number[] = [];
  for (const record of records) {
    if (record.t === 'reach') spans.push([record.from, record.until]);
    else if (record.t === 'sample' && record.pending !== null) times.push(record.at);
  }
  times.sort((a, b) => a - b);
  for (const [index, at] of times.entries()) {
    const next = times[index + 1] ?? now;
    if (next > at && next - at <= GAP_MS) spans.push([at, next]);
  }
  return spans;
}

/** When each kept job was on a GPU, and whose; local epoch ms. */
function runsOf(records: readonly HistoryRecord[], hostOf: CostOptions['hostOf']): OpenRun[] {
  const jobs = new Map<string | null, EndedJob>();
  for (const record of records) if (record.t === 'job') jobs.set(keyOf(record), record);
  return [...gpuSpans(jobs.values())].map(([{ offset, hostId, workerId }, [from, until]]) => ({
    hostId: hostId ?? hostOf(workerId),
    span: [from - offset, until - offset],
  }));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
