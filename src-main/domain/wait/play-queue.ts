import { capLine, LATER } from './capped-line.ts';
import type { Chance } from './chance.ts';
import { createFleet, type Fleet } from './fleet.ts';
import type { JobTable } from './job-table.ts';
import { createLine, NEW_JOB, NOBODY } from './line.ts';
import type { QueueNow } from './queue-model.ts';
import { drawRemaining } from './remaining.ts';

/** What else is not known of the pace of the whole workshop, as standard deviation of the logarithm. */
const PACE_DOUBT = 0.08;
const START_SPREAD = 0.35;

/**
 * Prepares to play the queue forward.
 * @returns one run: writes when each job starts (ms from now) to `starts[job * runs + run]`, the new job last.
 */
export function createPlay(
  now: QueueNow,
  table: JobTable,
  chance: Chance,
): (starts: Float64Array, run: number, runs: number) => void {
  const fleet = createFleet(now, table);
  const uncapped = createLine(now, table);
  const line = now.caps ? capLine(uncapped, table, now.caps, runningNow(now, table)) : uncapped;
  /** What this run takes the medians of each group of jobs to be, as factors. */
  const doubts = new Float64Array(table.groups);
  const doubtOfGroup = new Float64Array(table.groups);
  [...now.waiting, ...(now.arrivals?.like ?? [])].forEach(({ estimate }, row) => {
    doubtOfGroup[table.group[row] ?? 0] = estimate.doubt;
  });
  const { cuts } = now.runTimes;
  const { freeAt, loaded, user: working } = fleet;
  const { user, kind, group, medianMs, spread, loadMs, cutShare } = table;

  return (starts, run, runs) => {
    const pace = Math.exp(PACE_DOUBT * chance.normal());
    for (let at = 0; at < doubts.length; at += 1)
      doubts[at] = Math.exp(Number(doubtOfGroup[at]) * chance.normal()) * pace;
    begin(now, fleet, chance, pace);
    line.restart(chance);

    while (line.open > 0) {
      const worker = fleet.nextFree();
      const at = Number(freeAt[worker]);
      const before = Number(working[worker]);
      if (before >= 0) line.ended(before);
      working[worker] = -1;
      const row = line.take(at);
      if (row === NOBODY) return;
      if (row === LATER) {
        freeAt[worker] = nextEnd(freeAt, working, worker, at);
        continue;
      }
      if (row === NEW_JOB) starts[table.waiting * runs + run] = at;
      else if (row < table.waiting) starts[row * runs + run] = at;
      // The job that somebody might submit, and one that is cancelled before its turn, take no time of a worker.
      if (row === NEW_JOB || isCancelled(now.cancelRate * at, chance)) continue;
      const load = loaded[worker] === kind[row] ? 0 : Number(loadMs[row]);
      let length = Number(medianMs[row]) * Number(doubts[Number(group[row])]);
      if (chance.uniform() < Number(cutShare[row]))
        length *= cuts[Math.floor(chance.uniform() * cuts.length)] ?? 0.3;
      else length *= Math.exp(Number(spread[row]) * chance.normal());
      fleet.start(
        worker,
        at,
        (length + load) * fleet.around(worker, at),
        Number(kind[row]),
        Number(user[row]),
      );
      line.started(Number(user[row]));
    }
  };
}

/** Whose jobs run on workers that take more. */
function runningNow({ workers }: QueueNow, table: JobTable): number[] {
  return workers.flatMap(({ takes, state }) =>
    takes && state.kind === 'busy' ? table.users.indexOf(state.job.userId) : [],
  );
}

/** When the next job ends on another worker; always later than `at`, so that time goes on. */
function nextEnd(freeAt: Float64Array, working: Int32Array, worker: number, at: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (let other = 0; other < freeAt.length; other += 1)
    if (other !== worker && Number(working[other]) >= 0 && Number(freeAt[other]) >= at)
      next = Math.min(next, Number(freeAt[other]));
  // Nobody can be at a cap when nothing runs; a step of a minute ends the run all the same.
  return Number.isFinite(next) ? Math.max(next, at + 1) : at + 60_000;
}

/** `hazard` is the chance per ms times the wait. */
function isCancelled(hazard: number, chance: Chance): boolean {
  if (hazard === 0) return false;
  const draw = chance.uniform();
  return draw < hazard && draw < 1 - Math.exp(-hazard);
}

/** Puts the workers back to now, with chance draws of what is not known about now. */
function begin(now: QueueNow, fleet: Fleet, chance: Chance, pace: number): void {
  fleet.reset();
  now.workers.forEach(({ state }, at) => {
    if (state.kind === 'starting') fleet.freeAt[at] = state.inMs * Math.exp(START_SPREAD * chance.normal());
  });
  now.workers.forEach(({ state }, at) => {
    if (state.kind !== 'busy') return;
    const doubt = Math.exp(state.job.estimate.doubt * chance.normal()) * pace;
    fleet.freeAt[at] = drawRemaining(state, fleet.around(at, 0), doubt, chance);
  });
}
