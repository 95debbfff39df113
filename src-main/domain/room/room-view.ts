import { isSpeaking } from '../../../worker-agent/src/contract/agent-word.ts';
import type { StartEstimate } from '../wait/waits.ts';
import { ENDED_LISTED, type HostView, type JobSummary, type WorkshopSnapshot } from '../workshop.ts';
import { showableName } from './person-name.ts';
import type { RoomState } from './room-state.ts';

/** People of the queue that are sent; more than any layout shows. */
const PEOPLE_SENT = 80;
const MAKING_SENT = 24;

/** What is being made, in a word that everybody knows; null when it is not known. */
export type RoomKind = 'image' | 'video' | 'sound' | '3d' | 'text' | null;

/** When somebody's turn begins, local epoch ms; null is not known. */
export type RoomTurn =
  /** The 15th, 50th and 90th percentile. */
  { kind: 'range'; from: number; middle: number; to: number; guess: boolean } | { kind: 'held' } | null;

export interface RoomMaking {
  name: string;
  kind: RoomKind;
  /** 0 to 1; null while it cannot be known. */
  fraction: number | null;
  phase: 'preparing' | 'making' | 'finishing';
  /** When this was last heard of, local epoch ms; null when nobody says how it goes. */
  heardAt: number | null;
}

/** Finished since midnight of this laptop; at least so many when the list of finished ones does not go back that far. */
export interface MadeToday {
  count: number;
  atLeast: boolean;
}

/** A person in the queue, once, by the first of their jobs. */
export interface RoomPerson {
  name: string;
  /** Jobs of theirs that wait. */
  jobs: number;
  turn: RoomTurn;
}

/**
 * Everything that the room view may know. It holds names, kinds, progress and waits, and nothing else: no job, worker
 * or host id, no prompt, no error. Times are local epoch ms; null is not known.
 */
export interface RoomView {
  title: string | null;
  /** When this picture was true; null before anything was known. */
  knownAt: number | null;
  /** Whether main is in touch with the workshop now. */
  live: boolean;
  /** Since when the host holds this picture. */
  frozenAt: number | null;
  blank: boolean;
  /** Dark on white. */
  light: boolean;
  message: string;
  breakUntil: number | null;
  url: string | null;
  /** The address fills the screen. */
  join: boolean;
  making: RoomMaking[];
  /** Being made; may be more than `making` holds. */
  makingCount: number;
  /** Workers that come up, and that would start a job at once. */
  warming: number;
  free: number;
  /** No worker takes jobs; with the last sign of life of those that should, null while they speak. */
  noMachine: { heardAt: number | null } | null;
  /** In the order of their turns. */
  next: RoomPerson[];
  /** Who waits; may be more than `next` holds. */
  peopleWaiting: number;
  /** What the workshop calls its people: artists. */
  peopleWord: string;
  /** End of the longest known wait. */
  lastTurnBy: number | null;
  /** `madeToday` is null while the finished ones are still being read. */
  counts: { waiting: number; madeToday: MadeToday | null } | null;
  /** Nothing new begins now, because the host holds the queue. */
  paused: boolean;
}

/** Derives the room's picture from the workshop. Pure. `now` is local epoch ms. */
export function roomViewOf(
  snapshot: Readonly<WorkshopSnapshot>,
  room: RoomState,
  now: number,
  people = 'people',
): RoomView {
  const nameOf = (userId: string) => personName(userId, room.nicknames);
  const making = makingOf(snapshot, nameOf);
  const waiting = peopleOf(snapshot, nameOf);
  const link = snapshot.links.redis.kind;
  const live = link === 'ready' || link === 'degraded';
  // A lost link says nothing of the agents: what holds is what held when it was last up.
  const machines = machinesOf(snapshot, live ? now : (snapshot.queueAt ?? now));
  const foreign = making.some(({ heardAt }) => heardAt === null);
  const ends = waiting.flatMap(({ turn }) => (turn?.kind === 'range' ? [turn.to] : []));
  return {
    title: snapshot.name === null ? null : showableName(snapshot.name) || null,
    knownAt: snapshot.queueAt,
    live,
    frozenAt: null,
    blank: room.blank,
    light: room.light,
    message: room.message,
    breakUntil: room.breakUntil,
    url: room.url,
    join: room.join && room.url !== null,
    making: making.slice(0, MAKING_SENT),
    makingCount: making.length,
    warming: machines.warming,
    free: machines.free,
    // A platform's own worker may be at work, or stand ready where no agent ever was.
    noMachine: !foreign && (machines.known || waiting.length > 0) ? machines.none : null,
    next: waiting.slice(0, PEOPLE_SENT),
    peopleWaiting: waiting.length,
    peopleWord: showableName(people) || 'people',
    lastTurnBy: ends.length > 0 ? Math.max(...ends) : null,
    counts: snapshot.counts && { waiting: snapshot.counts.pending, madeToday: madeTodayOf(snapshot, now) },
    paused: snapshot.control?.held ?? false,
  };
}

/** More finished jobs than this that are listed but not read: the first reading is under way. */
const UNREAD_AT_MOST = 20;

/**
 * Jobs finished since midnight. The platform's own figure counts all it ever finished, so the jobs are looked at; the
 * newest of them are read a moment after they are counted.
 */
function madeTodayOf(
  { jobs, counts, clockOffsetMs }: Readonly<WorkshopSnapshot>,
  now: number,
): MadeToday | null {
  if (!counts || clockOffsetMs === null) return null;
  const midnight = new Date(now).setHours(0, 0, 0, 0) + clockOffsetMs;
  let read = 0;
  let count = 0;
  for (const { queue, status, completedAt } of Object.values(jobs)) {
    if (queue !== 'completed' || status !== 'completed') continue;
    read += 1;
    if (completedAt !== null && completedAt >= midnight) count += 1;
  }
  const listed = Math.min(counts.completed, ENDED_LISTED);
  if (listed - read > UNREAD_AT_MOST) return null;
  // The list is in order of time: where it holds one of yesterday, it holds all of today.
  return { count, atLeast: counts.completed > listed && count === read };
}

interface Machines {
  warming: number;
  free: number;
  none: RoomView['noMachine'];
  /** An agent has spoken once. */
  known: boolean;
}

/** Which workers can be counted on at `at`: those of agents that run and whose word still holds. */
function machinesOf({ hosts }: Readonly<WorkshopSnapshot>, at: number): Machines {
  const heard = Object.values(hosts).filter(({ status }) => status !== null);
  const speaking = heard.filter((host) => isSpeaking(host, at));
  const states = speaking.flatMap(({ status, desired }) =>
    (status?.workers ?? []).filter(({ id }) => !desired?.drained.includes(id)).map(({ state }) => state),
  );
  const takes = states.some(({ kind }) => kind === 'starting' || kind === 'idle' || kind === 'busy');
  const last = heard.map(({ heardAt }) => heardAt ?? 0).reduce((a, b) => Math.max(a, b), 0);
  return {
    warming: states.filter(({ kind }) => kind === 'starting').length,
    free: states.filter((state) => state.kind === 'idle' && state.waitingFor === undefined).length,
    none: takes ? null : { heardAt: speaking.length > 0 || last === 0 ? null : last },
    known: heard.length > 0,
  };
}

/** The nickname, else the user id, as it may be shown. */
function personName(userId: string, nicknames: Readonly<Record<string, string>>): string {
  const nickname = Object.hasOwn(nicknames, userId) ? nicknames[userId] : undefined;
  return showableName(nickname ?? '') || showableName(userId) || 'Somebody';
}

const naturally = new Intl.Collator('en', { numeric: true });

/** By host and worker, so that a tile keeps its place while its job lasts. */
function makingOf(snapshot: Readonly<WorkshopSnapshot>, nameOf: (userId: string) => string): RoomMaking[] {
  const seen = new Set<string>();
  const list: RoomMaking[] = [];
  const hosts = Object.values(snapshot.hosts).sort((a, b) => naturally.compare(a.id, b.id));
  for (const host of hosts)
    for (const { jobId, ...made } of makingOn(host, snapshot.jobs, nameOf)) {
      const status = snapshot.jobs[jobId]?.status;
      // The queue may know first that a job has ended; its worker says so a moment later.
      if (seen.has(jobId) || (status !== undefined && status !== 'running' && status !== 'pending')) continue;
      seen.add(jobId);
      list.push(made);
    }
  // Jobs of workers that are not ours: the platform's own say nothing of their progress.
  const others = Object.values(snapshot.jobs)
    .filter(({ id, status, queue }) => status === 'running' && queue === 'running' && !seen.has(id))
    .sort((a, b) => naturally.compare(a.workerId ?? a.id, b.workerId ?? b.id));
  for (const job of others)
    list.push({
      name: nameOf(job.userId),
      kind: kindOf(job.kind),
      fraction: null,
      phase: 'making',
      heardAt: null,
    });
  return list;
}

function makingOn(
  host: HostView,
  jobs: WorkshopSnapshot['jobs'],
  nameOf: (userId: string) => string,
): (RoomMaking & { jobId: string })[] {
  const workers = [...(host.status?.workers ?? [])].sort((a, b) => naturally.compare(a.id, b.id));
  const finishing = host.status?.finishing ?? [];
  return workers.flatMap(({ id, state }) => {
    // What is brought away keeps its place, before what its worker has taken next.
    const leaving = finishing
      .filter(({ workerId }) => workerId === id)
      .map(({ jobId, userId }) => ({
        jobId,
        name: nameOf(userId),
        kind: kindOf(jobs[jobId]?.kind ?? ''),
        ...{ fraction: 1, phase: 'finishing' as const, heardAt: host.heardAt },
      }));
    if (state.kind !== 'busy' && state.kind !== 'draining') return leaving;
    const { jobId, userId, kind, phase: told } = state.job;
    const live = host.live?.progress.find((one) => one.workerId === id && one.jobId === jobId);
    const phase = live?.phase ?? told;
    return [
      ...leaving,
      {
        jobId,
        name: nameOf(userId),
        kind: kindOf(kind),
        fraction: live?.fraction ?? null,
        phase:
          phase === 'running'
            ? ('making' as const)
            : phase === 'delivering' || phase === 'settling'
              ? ('finishing' as const)
              : ('preparing' as const),
        heardAt: host.heardAt,
      },
    ];
  });
}

/** A kind of workflow ("ltx2 text to video") in one plain word. */
export function kindOf(label: string): RoomKind {
  if (/video/i.test(label)) return 'video';
  if (/audio|music|speech|sound/i.test(label)) return 'sound';
  if (/\b3d\b/i.test(label)) return '3d';
  if (/image|upscale/i.test(label)) return 'image';
  return /\btext$/i.test(label) ? 'text' : null;
}

/** In the order in which they come, as it is simulated; without that, in the queue's own. */
function peopleOf(snapshot: Readonly<WorkshopSnapshot>, nameOf: (userId: string) => string): RoomPerson[] {
  const waiting = Object.values(snapshot.jobs)
    .filter(({ queue }) => queue === 'pending')
    .sort(inQueueOrder);
  const heldUsers = new Set(snapshot.control?.heldUsers ?? []);
  const byUser = new Map<string, RoomPerson>();
  for (const job of waiting) {
    const known = byUser.get(job.userId);
    if (known) known.jobs += 1;
    else
      byUser.set(job.userId, {
        name: nameOf(job.userId),
        jobs: 1,
        turn: heldUsers.has(job.userId) ? { kind: 'held' } : turnOf(snapshot, job),
      });
  }
  const turnFirst = snapshot.control?.nextTurn;
  return [...byUser]
    .map(([userId, person]) => ({
      person,
      rank: heldUsers.has(userId) ? 2 : person.turn?.kind === 'range' ? 0 : 1,
      start: person.turn?.kind === 'range' ? person.turn.middle : 0,
      after: userId === turnFirst ? 0 : 1,
    }))
    .sort((a, b) => a.rank - b.rank || a.start - b.start || a.after - b.after)
    .map(({ person }) => person);
}

function turnOf(snapshot: Readonly<WorkshopSnapshot>, job: JobSummary): RoomTurn {
  const { waits } = snapshot;
  if (!waits) return null;
  const estimate: StartEstimate | undefined = Object.hasOwn(waits.byUser, job.userId)
    ? waits.byUser[job.userId]
    : waits.byJob[job.id];
  if (estimate?.kind === 'held') return { kind: 'held' };
  if (estimate?.kind !== 'range') return null;
  return {
    kind: 'range',
    from: waits.at + estimate.low,
    middle: waits.at + estimate.p50,
    to: waits.at + estimate.p90,
    guess: estimate.guess,
  };
}

/** Lower score first, ties by id (contract 1.4). */
function inQueueOrder(a: JobSummary, b: JobSummary): number {
  const [left, right] = [a.score ?? Number.MAX_VALUE, b.score ?? Number.MAX_VALUE];
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
