import { finishingSince, gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { knowsQueue } from '../alerts/facts.ts';
import { endedListedSince } from '../ended-lists.ts';
import type { JobSummary, WorkshopSnapshot } from '../workshop.ts';
import type { CapacitySettings, Rental } from './capacity-settings.ts';
import type { RentalMeter } from './capacity-state.ts';

/** Delivering files and a little air, ms. */
const AIR_MS = 120_000;
/** Believed of a run before any was seen: the guide's longest, 5 min for a clip. */
const GUESSED_RUN_MS = 300_000;
const RUNS_LOOKED_AT = 200;
/** A meter that runs is told in steps, so that it is no news every second. */
const STEP_MS = 10_000;

/** @returns null while no rental was entered. */
export function rentalMeterOf(
  snapshot: Readonly<WorkshopSnapshot>,
  { rental }: CapacitySettings,
  now: number,
): RentalMeter | null {
  if (!rental) return null;
  const jobs = Object.values(snapshot.jobs);
  const offset = snapshot.clockOffsetMs ?? 0;
  const live = knowsQueue(snapshot, now);
  const known = knownOf(snapshot, rental, live ? now : (snapshot.queueAt ?? now));
  const finishing = finishingSince(Object.values(snapshot.hosts).map(({ status }) => status));
  const runs = gpuSpans(jobs, ({ id, queue }) =>
    queue === 'running' ? (finishing.get(id) ?? now + offset) : null,
  );
  const spans = [...runs.values()].map(([from, to]) => [from - offset, to - offset] as const);
  const busyMs = known && covered(spans, known.from, known.until);
  const busyNow = live && jobs.some(({ id, queue }) => queue === 'running' && !finishing.has(id));
  const run = longRun(jobs, runs);
  const newJob = snapshot.waits?.newJob;
  const waitMs = newJob?.kind === 'range' ? newJob.p90 : null;
  const lastSafeAt =
    rental.endsAt === null || waitMs === null
      ? null
      : Math.floor((rental.endsAt - waitMs - run.ms - AIR_MS) / 60_000) * 60_000;
  return {
    at: Math.floor(now / STEP_MS) * STEP_MS,
    busyMs: busyMs === null ? null : Math.floor(busyMs / STEP_MS) * STEP_MS,
    known: known && live ? { ...known, until: Math.floor(known.until / STEP_MS) * STEP_MS } : known,
    live,
    busyNow,
    lastSafeAt,
    waitMs,
    runMs: run.ms,
    guess: run.guess || (newJob?.kind === 'range' && newJob.guess),
  };
}

/** The part of the rental that the lists and the last reading cover. @param until local epoch ms of that reading. */
function knownOf(
  snapshot: Readonly<WorkshopSnapshot>,
  { startedAt, endsAt }: Rental,
  until: number,
): { from: number; until: number } | null {
  const since = snapshot.queueAt === null ? null : endedListedSince(snapshot);
  if (since === null) return null;
  const from = Math.max(startedAt, since - (snapshot.clockOffsetMs ?? 0));
  return { from, until: Math.max(from, Math.min(until, endsAt ?? until)) };
}

/** Length of the union of spans between two moments. */
export function covered(spans: readonly (readonly [number, number])[], from: number, to: number): number {
  let sum = 0;
  let reached = from;
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const begin = Math.max(start, reached);
    const stop = Math.min(end, to);
    if (stop <= begin) continue;
    sum += stop - begin;
    reached = stop;
  }
  return sum;
}

/** The 90th percentile of the latest runs. */
function longRun(
  jobs: readonly JobSummary[],
  runs: ReturnType<typeof gpuSpans<JobSummary>>,
): { ms: number; guess: boolean } {
  const latest = jobs
    .filter(
      ({ status, startedAt, completedAt }) =>
        status === 'completed' && startedAt !== null && completedAt !== null,
    )
    .sort((a, b) => (b.completedAt ?? 0) - (a.completedAt ?? 0))
    .slice(0, RUNS_LOOKED_AT)
    .map((job) => {
      const [from, until] = runs.get(job) ?? [0, 0];
      return until - from;
    })
    .sort((a, b) => a - b);
  const run = latest[Math.min(latest.length - 1, Math.floor(latest.length * 0.9))];
  return latest.length < 3 || run === undefined
    ? { ms: GUESSED_RUN_MS, guess: true }
    : { ms: run, guess: false };
}
