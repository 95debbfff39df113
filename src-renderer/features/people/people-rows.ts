import type { JobSummary, QueueControl, QueueCounts } from '../../../src-main/api/types.ts';
import { capOf } from '../../../worker-agent/src/contract/desired.ts';
import { gpuSpans } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { compareNames } from '../../components/format.ts';
import { type EndedKind, shortListsOf } from '../../live/list-reach.ts';
import type { Waits } from '../../live/store.ts';
import { readTypedPeople } from './typed-people.ts';

/** One person as the host sees them. Times are Redis's, epoch ms. */
export interface PersonRow {
  userId: string;
  /** Empty for none. */
  nickname: string;
  waiting: number;
  running: number;
  /** Ended today, as far as the lists reach. */
  done: number;
  failed: number;
  /** Time that today's jobs kept a worker busy so far, ms. */
  gpuMs: number;
  wait: Waits['byUser'][string] | null;
  /** When a job of theirs was last submitted; null when none is known. */
  seenAt: number | null;
  held: boolean;
  /** Their own limit on running jobs; null for none. */
  ownCap: number | null;
  /** What holds for them, own or everybody's. */
  cap: number | null;
  /** The same of their waiting jobs that stand in line. */
  ownLineCap: number | null;
  lineCap: number | null;
  nextTurn: boolean;
}

export interface People {
  rows: PersonRow[];
  /** The lists do not reach back to this morning: the figure of that column is a least one. */
  doneIsLeast: boolean;
  failedIsLeast: boolean;
  /** As above, for GPU time, to which cancelled jobs add too. */
  gpuIsLeast: boolean;
  /** From when on today's figures are whole, Redis time; null when they are whole all day. */
  wholeSince: number | null;
}

export type PeopleColumn = 'person' | 'waiting' | 'running' | 'done' | 'failed' | 'gpu' | 'wait' | 'seen';

export interface PeopleSort {
  column: PeopleColumn;
  descending: boolean;
}

interface Facts {
  jobs: readonly JobSummary[];
  counts: QueueCounts | null;
  nicknames: Readonly<Record<string, string>>;
  control: QueueControl | null;
  waits: Waits | null;
  /** Redis time of now and of this morning on this laptop, epoch ms; null while the clock is not known. */
  clock: { now: number; today: number } | null;
  /** Jobs that are brought away now, and when their computing ended. */
  finishing: ReadonlyMap<string, number>;
}

/** Everybody who submitted, has a nickname, or about whom something is ordered. Called once a second at most. */
export function peopleOf({ jobs, counts, nicknames, control, waits, clock, finishing }: Facts): People {
  const rows = new Map<string, PersonRow>();
  const held = new Set(control?.heldUsers);
  const person = (userId: string): PersonRow => {
    const known = rows.get(userId);
    if (known) return known;
    const row: PersonRow = {
      ...{ userId, nickname: Object.hasOwn(nicknames, userId) ? (nicknames[userId] ?? '') : '' },
      ...{ waiting: 0, running: 0, done: 0, failed: 0, gpuMs: 0, seenAt: null },
      wait: waits && Object.hasOwn(waits.byUser, userId) ? (waits.byUser[userId] ?? null) : null,
      held: held.has(userId),
      ownCap: capOf({ everybody: null, users: control?.caps?.users ?? {} }, userId),
      cap: capOf(control?.caps, userId),
      ownLineCap: capOf({ everybody: null, users: control?.lineCaps?.users ?? {} }, userId),
      lineCap: capOf(control?.lineCaps, userId),
      nextTurn: control?.nextTurn === userId,
    };
    rows.set(userId, row);
    return row;
  };
  const onGpu: JobSummary[] = [];
  for (const job of jobs) {
    if (job.userId === '') continue;
    const row = person(job.userId);
    if (job.createdAt !== null) row.seenAt = Math.max(row.seenAt ?? 0, job.createdAt);
    if (job.queue === 'pending') row.waiting += 1;
    if (job.status === 'running') row.running += 1;
    if (!clock) continue;
    const endedToday = job.completedAt !== null && job.completedAt >= clock.today;
    if (endedToday && job.status === 'completed') row.done += 1;
    if (endedToday && job.status === 'failed') row.failed += 1;
    if (job.startedAt !== null && (endedToday || job.status === 'running')) onGpu.push(job);
  }
  if (clock)
    for (const [job, [from, until]] of gpuSpans(onGpu, ({ id }) => finishing.get(id) ?? clock.now))
      person(job.userId).gpuMs += Math.max(0, until - Math.max(from, clock.today));
  for (const userId of Object.keys(nicknames)) person(userId);
  for (const userId of held) person(userId);
  for (const caps of [control?.caps, control?.lineCaps])
    for (const userId of Object.keys(caps?.users ?? {})) person(userId);
  if (control?.nextTurn) person(control.nextTurn);
  // What a short list leaves out ended before the oldest that it holds; that is no matter if it was yesterday.
  const short = clock
    ? shortListsOf(jobs, counts).filter(({ since }) => since === null || since >= clock.today)
    : [];
  const isLeast = (kind: EndedKind) => short.some((list) => list.kind === kind);
  return {
    rows: [...rows.values()],
    ...{ doneIsLeast: isLeast('completed'), failedIsLeast: isLeast('failed'), gpuIsLeast: short.length > 0 },
    wholeSince: short.reduce<number | null>(
      (latest, { since }) => (since === null ? latest : Math.max(latest ?? since, since)),
      null,
    ),
  };
}

const VALUE: Record<Exclude<PeopleColumn, 'person'>, (row: PersonRow) => number | null> = {
  waiting: ({ waiting }) => waiting,
  running: ({ running }) => running,
  done: ({ done }) => done,
  failed: ({ failed }) => failed,
  gpu: ({ gpuMs }) => gpuMs,
  wait: ({ wait }) => (wait?.kind === 'range' ? wait.p90 : null),
  seen: ({ seenAt }) => seenAt,
};

export const shownName = ({ nickname, userId }: PersonRow): string => nickname || userId;

/** Those whom the typed text means, in order; unknown figures go last, equals by name. */
export function sortPeople(rows: readonly PersonRow[], search: string, sort: PeopleSort): PersonRow[] {
  const sign = sort.descending ? -1 : 1;
  const byName = (a: PersonRow, b: PersonRow) =>
    compareNames(shownName(a).slice(0, 200), shownName(b).slice(0, 200)) || (a.userId < b.userId ? -1 : 1);
  const { column } = sort;
  return rows.filter(readTypedPeople(search)).sort((a, b) => {
    if (column === 'person') return sign * byName(a, b);
    const [x, y] = [VALUE[column](a), VALUE[column](b)];
    if (x === y) return byName(a, b);
    if (x === null) return 1;
    if (y === null) return -1;
    return sign * (x - y);
  });
}

/** When the first waiting job of a person starts, as people say it; undefined when nothing is known. */
export function waitText(row: PersonRow, waits: Waits | null, now: number): string | undefined {
  if (row.waiting === 0) return '';
  const { wait } = row;
  if (!waits || !wait) return undefined;
  if (wait.kind === 'held') return wait.what === 'user' ? 'once released' : 'once the queue goes on';
  if (wait.kind === 'no-worker') return 'once a worker is up';
  const left = (ms: number) => Math.max(0, ms - (now - waits.at)) / 60_000;
  const low = Math.floor(left(wait.low));
  const high = Math.ceil(left(wait.p90));
  if (high <= 1) return 'within 1 min';
  const range = low === high ? `${low}` : low < 1 ? `up to ${high}` : `${low}–${high}`;
  return `${wait.guess ? 'guess' : 'about'} ${range} min`;
}
