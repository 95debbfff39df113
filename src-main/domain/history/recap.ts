import type { EventKind } from '../../../worker-agent/src/contract/event.ts';
import { causeOfFailure, type FailureCause } from '../../../worker-agent/src/contract/failure-cause.ts';
import { gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import type { Span } from '../spans.ts';
import { dayOf, type LocalDay } from './local-day.ts';
import { type CostOptions, costsOf, GAP_MS, type RecapCost } from './recap-cost.ts';
import { type EndedJob, type HistoryRecord, keyOf, timeOf } from './record.ts';

const HOUR = 3_600_000;
/** Acts that a recap lists. */
const ACTS_SHOWN = 500;
/** Whose acts are told. What befalls single jobs on their way stands with the job. */
const FROM: Partial<Record<EventKind, RecapAct['from']>> = {
  'desired-changed': 'person',
  'control-changed': 'person',
  'host-act': 'person',
  'agent-started': 'agent',
  'agent-stopped': 'agent',
  'worker-started': 'agent',
  'worker-failed': 'agent',
  'worker-drained': 'agent',
  'worker-stopped': 'agent',
  'job-parked': 'agent',
  'job-rescued': 'agent',
  'job-reported': 'agent',
  'gpu-reserved': 'agent',
  'lease-lost': 'agent',
};

export interface RecapPerson {
  userId: string;
  /** As the room knows them: a nickname, else the user id. */
  name: string;
  completed: number;
  failed: number;
  cancelled: number;
  /** Time on a GPU, ms. */
  gpuMs: number;
  /** Median wait of their jobs until they started, ms; null when none started. */
  waitMs: number | null;
}

export interface RecapHour {
  /** Start of the hour, local epoch ms. */
  at: number;
  completed: number;
  failed: number;
  gpuMs: number;
  /** Most jobs that waited at once; null when nobody watched. */
  peakWaiting: number | null;
  /** Mean utilisation of all GPUs, percent; null when nobody watched. */
  utilization: number | null;
}

export interface RecapAct {
  at: number;
  /** `person`: somebody at a console; `agent`: it acted by itself. */
  from: 'person' | 'agent';
  /** Name of the console, or the host's id. */
  by: string;
  kind: EventKind;
  message: string;
}

/** One day of a workshop. Times are local epoch ms, lengths ms; null is not known. */
export interface Recap {
  day: LocalDay;
  /** First and last thing that is known of the day. */
  from: number | null;
  until: number | null;
  /** How long this console watched; what it did not see (depth, utilisation) is missing from the hours. */
  watchedMs: number;
  jobs: { completed: number; failed: number; cancelled: number };
  waits: { median: number; p90: number; longest: number } | null;
  runs: { median: number; p90: number; longest: number } | null;
  gpuMs: number;
  people: RecapPerson[];
  failures: { cause: FailureCause; count: number; example: string }[];
  hours: RecapHour[];
  /** The hour with the most GPU time; null without jobs. */
  busiest: number | null;
  kinds: { kind: string; count: number; gpuMs: number }[];
  /** What people at consoles and what agents did, oldest first; of many the latest. */
  acts: RecapAct[];
  /** By the name of the host; none while no price is known for this day. */
  costs: RecapCost[];
}

export interface RecapOptions extends CostOptions {
  nameOf: (userId: string) => string;
}

/**
 * Sums up a day. `records` may hold anything of that day and the next, in any order; what stands there twice counts
 * once.
 */
export function recapOf(day: LocalDay, records: readonly HistoryRecord[], options: RecapOptions): Recap {
  const jobs: EndedJob[] = [];
  const samples: Extract<HistoryRecord, { t: 'sample' }>[] = [];
  const seen = new Set<string>();
  for (const record of records) {
    const key = keyOf(record);
    if (dayOf(timeOf(record)) !== day || (key !== null && seen.has(key))) continue;
    if (key !== null) seen.add(key);
    if (record.t === 'job') jobs.push(record);
    else if (record.t === 'sample') samples.push(record);
  }
  samples.sort((a, b) => a.at - b.at);
  const times = [...jobs.flatMap(spanOf), ...samples.map(({ at }) => at)];
  const from = times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
  const until = times.length === 0 ? null : times.reduce((a, b) => Math.max(a, b));
  const spans = localSpans(jobs);
  const gpuTime = (job: EndedJob) => lengthOf(spans.get(job));
  const hours = hoursOf(jobs, spans, samples);
  const gpuMs = sum(jobs.map(gpuTime));
  const busiest = hours.reduce<RecapHour | null>(
    (best, hour) => (hour.gpuMs > (best?.gpuMs ?? 0) ? hour : best),
    null,
  );
  return {
    day,
    from,
    until,
    // While Redis is down a GPU may be read; of the workshop nothing is known then.
    watchedMs: watched(samples.flatMap(({ at, pending }) => (pending === null ? [] : [at]))),
    jobs: {
      completed: jobs.filter(({ status }) => status === 'completed').length,
      failed: jobs.filter(({ status }) => status === 'failed').length,
      cancelled: jobs.filter(({ status }) => status === 'cancelled').length,
    },
    waits: spread(jobs.flatMap(waitOf)),
    runs: spread(jobs.filter(({ status }) => status === 'completed').map(gpuTime)),
    gpuMs,
    people: peopleOf(jobs, gpuTime, options.nameOf),
    failures: failuresOf(jobs),
    hours,
    busiest: busiest?.at ?? null,
    kinds: kindsOf(jobs, gpuTime),
    acts: actsOf(day, records).slice(-ACTS_SHOWN),
    costs: costsOf(day, records, options, until),
  };
}

/** What people at consoles and agents did on a day, oldest first, all of it. */
export function actsOf(day: LocalDay, records: readonly HistoryRecord[]): RecapAct[] {
  const acts = new Map<string | null, RecapAct>();
  for (const record of records) {
    if (record.t !== 'event' || dayOf(timeOf(record)) !== day) continue;
    const { by, kind, message } = record.event;
    const from = FROM[kind];
    if (from) acts.set(keyOf(record), { at: timeOf(record), from, by, kind, message });
  }
  return [...acts.values()].sort((a, b) => a.at - b.at);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const lengthOf = (span: Span | undefined) => (span ? span[1] - span[0] : 0);

/** When each job was on a GPU, local epoch ms; nothing for one that never started. */
function localSpans(jobs: readonly EndedJob[]): Map<EndedJob, Span> {
  const spans = new Map<EndedJob, Span>();
  for (const [job, [from, until]] of gpuSpans(jobs)) spans.set(job, [from - job.offset, until - job.offset]);
  return spans;
}

type GpuTime = (job: EndedJob) => number;

function waitOf({ createdAt, startedAt }: EndedJob): number[] {
  return createdAt === null || startedAt === null ? [] : [Math.max(0, startedAt - createdAt)];
}

/** Start and end of a job as far as they fall on the day it ended, local time. */
function spanOf(job: EndedJob): number[] {
  const end = timeOf(job);
  const start = job.startedAt === null ? end : job.startedAt - job.offset;
  return dayOf(start) === dayOf(end) ? [start, end] : [end];
}

function spread(values: number[]): { median: number; p90: number; longest: number } | null {
  const sorted = values.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const [median, p90, longest] = [at(0.5), at(0.9), sorted.at(-1)];
  return median === undefined || p90 === undefined || longest === undefined ? null : { median, p90, longest };
}

function peopleOf(
  jobs: readonly EndedJob[],
  gpuTime: GpuTime,
  nameOf: (userId: string) => string,
): RecapPerson[] {
  const byUser = Map.groupBy(jobs, ({ userId }) => userId);
  const people = [...byUser].map(([userId, own]) => ({
    userId,
    name: nameOf(userId),
    completed: own.filter(({ status }) => status === 'completed').length,
    failed: own.filter(({ status }) => status === 'failed').length,
    cancelled: own.filter(({ status }) => status === 'cancelled').length,
    gpuMs: sum(own.map(gpuTime)),
    waitMs: spread(own.flatMap(waitOf))?.median ?? null,
  }));
  return people.sort((a, b) => b.gpuMs - a.gpuMs || (a.userId < b.userId ? -1 : 1));
}

function failuresOf(jobs: readonly EndedJob[]): Recap['failures'] {
  const failed = jobs.filter(({ status }) => status === 'failed');
  return [...Map.groupBy(failed, ({ error }) => causeOfFailure(error).cause)]
    .map(([cause, own]) => ({ cause, count: own.length, example: own.at(-1)?.error ?? '' }))
    .sort((a, b) => b.count - a.count);
}

function kindsOf(jobs: readonly EndedJob[], gpuTime: GpuTime): Recap['kinds'] {
  return [...Map.groupBy(jobs, ({ kind }) => kind)]
    .map(([kind, own]) => ({ kind, count: own.length, gpuMs: sum(own.map(gpuTime)) }))
    .sort((a, b) => b.gpuMs - a.gpuMs || b.count - a.count);
}

const hourOf = (at: number) => new Date(at).setMinutes(0, 0, 0);

/** Every hour from the first to the last of which something is known. GPU time counts in the hours it was spent in. */
function hoursOf(
  jobs: readonly EndedJob[],
  spans: ReadonlyMap<EndedJob, Span>,
  samples: readonly Extract<HistoryRecord, { t: 'sample' }>[],
): RecapHour[] {
  const hours = new Map<number, RecapHour & { busy: number[] }>();
  const at = (moment: number) => {
    const start = hourOf(moment);
    const known = hours.get(start);
    if (known) return known;
    const none = { completed: 0, failed: 0, gpuMs: 0, peakWaiting: null, utilization: null, busy: [] };
    const fresh = { at: start, ...none };
    hours.set(start, fresh);
    return fresh;
  };
  for (const job of jobs) {
    const end = timeOf(job);
    const hour = at(end);
    if (job.status === 'completed') hour.completed += 1;
    if (job.status === 'failed') hour.failed += 1;
    const midnight = new Date(end).setHours(0, 0, 0, 0);
    const [start, stop] = spans.get(job) ?? [end, end];
    let from = Math.max(midnight, start);
    while (from < stop) {
      const until = Math.min(stop, hourOf(from) + HOUR);
      at(from).gpuMs += until - from;
      from = until;
    }
  }
  for (const sample of samples) {
    const hour = at(sample.at);
    if (sample.pending !== null) hour.peakWaiting = Math.max(hour.peakWaiting ?? 0, sample.pending);
    hour.busy.push(...Object.values(sample.utilization).filter((value) => value !== null));
  }
  const first = Math.min(...hours.keys());
  const last = Math.max(...hours.keys());
  for (let hour = first; hour < last; hour += HOUR) at(hour);
  return [...hours.values()]
    .sort((a, b) => a.at - b.at)
    .map(({ busy, ...hour }) => ({ ...hour, utilization: busy.length > 0 ? sum(busy) / busy.length : null }));
}

/** Time that samples cover, without the gaps between them. */
function watched(times: readonly number[]): number {
  let covered = 0;
  for (const [index, at] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined && at - before <= GAP_MS) covered += at - before;
  }
  return covered;
}
