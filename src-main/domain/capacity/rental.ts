import { finishingSince, gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { knowsQueue } from '../alerts/facts.ts';
import { endedListedSince } from '../ended-lists.ts';
import { hostOfWorker } from '../hosts/host-of-worker.ts';
import { covered } from '../spans.ts';
import type { JobSummary, WorkshopSnapshot } from '../workshop.ts';
import type { CapacitySettings, HostRental, Rental } from './capacity-settings.ts';
import type { HostMeter, RentalMeter } from './capacity-state.ts';

/** Delivering files and a little air, ms. */
const AIR_MS = 120_000;
/** Believed of a run before any was seen: the guide's longest, 5 min for a clip. */
const GUESSED_RUN_MS = 300_000;
const RUNS_LOOKED_AT = 200;
/** A meter that runs is told in steps, so that it is no news every second. */
const STEP_MS = 10_000;

const byName = new Intl.Collator('en', { numeric: true });

/**
 * What was entered, for each host. What an earlier version entered for all hosts together is the first one's, unless
 * that has its own by now; before any host is known it is nobody's (null).
 */
export function rentalsOf(
  { rental, rentals }: Pick<CapacitySettings, 'rental' | 'rentals'>,
  hostIds: readonly string[],
): HostRental[] {
  const first = firstHost(hostIds);
  const named = Object.entries(rentals).map(([hostId, own]) => ({ hostId, rental: own }));
  const whole = rental && (first === null || !Object.hasOwn(rentals, first));
  const all: HostRental[] = whole ? [{ hostId: first, rental }, ...named] : named;
  return all.sort((a, b) => byName.compare(a.hostId ?? '', b.hostId ?? ''));
}

/** The host whose rental is meant where none is named; null while no host is known. */
export function firstHost(hostIds: readonly string[]): string | null {
  return [...hostIds].sort(byName.compare)[0] ?? null;
}

/** How many machines there are to tell apart. */
export const machinesOf = (rentals: readonly HostRental[], hostIds: readonly string[]): number =>
  new Set([...hostIds, ...rentals.flatMap(({ hostId }) => hostId ?? [])]).size;

/** Where each rental that was entered stands. @param now local epoch ms. */
export function rentalMetersOf(
  snapshot: Readonly<WorkshopSnapshot>,
  settings: Pick<CapacitySettings, 'rental' | 'rentals'>,
  now: number,
): HostMeter[] {
  const hosts = Object.values(snapshot.hosts);
  const rentals = rentalsOf(settings, Object.keys(snapshot.hosts));
  if (rentals.length === 0) return [];
  const offset = snapshot.clockOffsetMs ?? 0;
  const finishing = finishingSince(hosts.map(({ status }) => status));
  const runs = gpuSpans(Object.values(snapshot.jobs), ({ id, queue }) =>
    queue === 'running' ? (finishing.get(id) ?? now + offset) : null,
  );
  // With one machine there is no other that a job could have kept busy.
  const hostOf = machinesOf(rentals, Object.keys(snapshot.hosts)) > 1 ? hostOfWorker(hosts) : null;
  return rentals.map(({ hostId, rental }) => {
    const ofHost = (worker: string | null): boolean | null => {
      const found = hostOf === null ? hostId : hostOf(worker);
      return found === null && hostOf !== null ? null : found === hostId;
    };
    return { hostId, rental, meter: meterOf(snapshot, rental, { now, runs, finishing, ofHost }) };
  });
}

interface Running {
  now: number;
  /** When each job kept its worker busy, Redis time. */
  runs: ReturnType<typeof gpuSpans<JobSummary>>;
  finishing: ReturnType<typeof finishingSince>;
  /** Whether a worker is the rented host's; null = not known. */
  ofHost(workerId: string | null): boolean | null;
}

function meterOf(
  snapshot: Readonly<WorkshopSnapshot>,
  rental: Rental,
  { now, runs, finishing, ofHost }: Running,
): RentalMeter {
  const offset = snapshot.clockOffsetMs ?? 0;
  const live = knowsQueue(snapshot, now);
  const known = knownOf(snapshot, rental, live ? now : (snapshot.queueAt ?? now));
  const spansOf = (wanted: (whose: boolean | null) => boolean) =>
    [...runs].flatMap(([{ workerId }, [from, to]]) =>
      wanted(ofHost(workerId)) ? [[from - offset, to - offset] as const] : [],
    );
  const busyMs =
    known &&
    covered(
      spansOf((whose) => whose === true),
      known.from,
      known.until,
    );
  const mostMs =
    known &&
    covered(
      spansOf((whose) => whose !== false),
      known.from,
      known.until,
    );
  const busyNow =
    live &&
    Object.values(snapshot.jobs).some(
      ({ id, queue, workerId }) => queue === 'running' && !finishing.has(id) && ofHost(workerId) !== false,
    );
  const run = longRun(runs, (workerId) => ofHost(workerId) === true) ?? longRun(runs, () => true);
  const newJob = snapshot.waits?.newJob;
  const waitMs = newJob?.kind === 'range' ? newJob.p90 : null;
  const runMs = run ?? GUESSED_RUN_MS;
  const lastSafeAt =
    rental.endsAt === null || waitMs === null
      ? null
      : Math.floor((rental.endsAt - waitMs - runMs - AIR_MS) / 60_000) * 60_000;
  const inSteps = (ms: number) => Math.floor(ms / STEP_MS) * STEP_MS;
  return {
    at: inSteps(now),
    busyMs: busyMs === null ? null : inSteps(busyMs),
    unsureMs: busyMs === null || mostMs === null ? 0 : inSteps(mostMs - busyMs),
    known: known && live ? { ...known, until: inSteps(known.until) } : known,
    live,
    busyNow,
    lastSafeAt,
    waitMs,
    runMs,
    guess: run === null || (newJob?.kind === 'range' && newJob.guess),
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

/** The 90th percentile of the latest runs of some workers, ms; null while there are too few. */
function longRun(runs: Running['runs'], isTheirs: (workerId: string | null) => boolean): number | null {
  const latest = [...runs]
    .filter(
      ([{ status, completedAt, workerId }]) =>
        status === 'completed' && completedAt !== null && isTheirs(workerId),
    )
    .sort(([a], [b]) => (b.completedAt ?? 0) - (a.completedAt ?? 0))
    .slice(0, RUNS_LOOKED_AT)
    .map(([, [from, until]]) => until - from)
    .sort((a, b) => a - b);
  const run = latest[Math.min(latest.length - 1, Math.floor(latest.length * 0.9))];
  return latest.length < 3 || run === undefined ? null : run;
}
