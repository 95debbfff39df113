import { isSpeaking } from '../../../worker-agent/src/contract/agent-word.ts';
import { ENDED_LISTED, type WorkshopSnapshot } from '../workshop.ts';
import { showableName } from './person-name.ts';
import { makingOf, type RoomMaking } from './room-making.ts';
import { peopleOf, type RoomPerson } from './room-people.ts';
import type { RoomState } from './room-state.ts';

/** People of the queue that are sent; more than any layout shows. */
const PEOPLE_SENT = 80;
const MAKING_SENT = 24;

/** Finished since midnight of this laptop; at least so many when the list of finished ones does not go back that far. */
export interface MadeToday {
  count: number;
  atLeast: boolean;
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
