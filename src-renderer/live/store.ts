import { replaceEqualDeep } from '@tanstack/react-query';
import { useRef } from 'react';
import { createStore, useStore } from 'zustand';
import type {
  AgentEvent,
  AlertsState,
  CapacityState,
  ConsoleName,
  HostView,
  Links,
  MachineView,
  OwnTailnet,
  QueueControl,
  QueueCounts,
  RoomState,
  WorkshopSnapshot,
} from '../../src-main/api/types.ts';
import { HistoryStore } from './history.ts';
import { JobIndex } from './job-index.ts';
import type { StartTimes } from './learned.ts';

export type Waits = NonNullable<WorkshopSnapshot['waits']>;

/** The line between this window and main, itself a state that the screen shows. */
export type MainLine =
  | { kind: 'connecting'; since: number }
  | { kind: 'live'; since: number }
  | { kind: 'lost'; since: number; why: string };

/** What the renderer knows. Jobs and histories are mutable indexes with a version; all else is replaced on change. */
export interface LiveState {
  line: MainLine;
  /** Whether a snapshot has ever come. */
  known: boolean;
  name: string | null;
  redisAddress: string | null;
  links: Links;
  queueAt: number | null;
  clockOffsetMs: number | null;
  counts: QueueCounts | null;
  /** Main's estimates of who waits how long; null while there are none. */
  waits: Waits | null;
  /** The same of jobs farther back in line. */
  laterWaits: NonNullable<WorkshopSnapshot['laterWaits']> | null;
  /** A sentence of main about itself, e.g. settings that could not be read. */
  notice: string | null;
  /** What the host set for the room view; null before a workshop is set up. */
  room: RoomState | null;
  /** What needs a person; null before a workshop is set up. */
  alerts: AlertsState | null;
  /** What fits and what it costs; null before a workshop is set up. */
  capacity: CapacityState | null;
  /** The machines that are logged in to. */
  machines: readonly MachineView[];
  /** Tailscale on this computer; null while nothing is reached over it. */
  tailnet: OwnTailnet | null;
  /** What other consoles call this one; null before main said so. */
  console: ConsoleName | null;
  control: QueueControl | null;
  hosts: Readonly<Record<string, HostView>>;
  /** Ids of `hosts` in a stable order; changes only when a host comes or goes. */
  hostIds: readonly string[];
  /** Newest first. */
  events: readonly AgentEvent[];
  jobs: JobIndex;
  jobsVersion: number;
  histories: HistoryStore;
  startTimes: StartTimes;
  /**
   * Revisions that our own acts wrote and the feed has not brought yet, by host id and for `control`, so that a
   * second click does not collide with the first.
   */
  noted: Readonly<Record<string, number>>;
}

const idle = { kind: 'idle' } as const;

export function emptyState(now: number): LiveState {
  return {
    line: { kind: 'connecting', since: now },
    known: false,
    name: null,
    redisAddress: null,
    links: { redis: idle },
    queueAt: null,
    clockOffsetMs: null,
    counts: null,
    waits: null,
    laterWaits: null,
    notice: null,
    room: null,
    machines: [],
    tailnet: null,
    alerts: null,
    capacity: null,
    console: null,
    control: null,
    hosts: {},
    hostIds: [],
    events: [],
    jobs: new JobIndex(),
    jobsVersion: 0,
    histories: new HistoryStore(),
    startTimes: [],
    noted: {},
  };
}

export const liveStore = createStore<LiveState>(() => emptyState(Date.now()));

/** Reads a narrow piece of the live state; the component renders again only when that piece changes. */
export function useLive<T>(select: (state: LiveState) => T): T {
  return useStore(liveStore, select);
}

/**
 * Reads something built from the live state; the component renders again only when its content changes, however
 * often the state does.
 */
export function useLiveData<T>(select: (state: LiveState) => T): T {
  const held = useRef<T | undefined>(undefined);
  return useStore(liveStore, (state) => {
    held.current = replaceEqualDeep(held.current, select(state));
    return held.current as T;
  });
}

/** Nobody reads and reacts faster, ms: a click that comes sooner was meant for what stood there before. */
const UNSEEN_MS = 1000;
/** What others changed last, by the keys of `noted`. */
const justChanged = new Map<string, { at: number; before: number | null; after: number }>();

/** Remembers that somebody else has just changed something: a click that follows at once did not mean that. */
export function noteForeign(key: string, before: number | null, after: number, now: number): void {
  justChanged.set(key, { at: now, before, after });
}

/** The revision that a person saw before a change too fresh to have been read; undefined when there is none. */
function changedUnseen(key: string, seen: number | undefined): number | null | undefined {
  const change = justChanged.get(key);
  if (!change || change.after !== seen || Date.now() - change.at >= UNSEEN_MS) return undefined;
  return change.before;
}

/**
 * The revision a person acts on: the newest known of a host, or of the queue's control; null = none yet. What somebody
 * else changed within the last second does not count: main then refuses, and the person reads who changed what.
 */
export function revisionOf(state: LiveState, what: { hostId: string } | 'control'): number | null {
  const [key, seen] =
    what === 'control'
      ? ['control', state.control?.revision]
      : [`host:${what.hostId}`, state.hosts[what.hostId]?.desired?.revision];
  const noted = state.noted[key];
  const unseen = changedUnseen(key, seen);
  if (unseen !== undefined && noted === undefined) return unseen;
  if (seen === undefined) return noted ?? null;
  return noted === undefined ? seen : Math.max(seen, noted);
}

/** Remembers (or, with null, forgets) the revision that an act of ours produced. */
export function noteRevision(what: { hostId: string } | 'control', revision: number | null): void {
  const key = what === 'control' ? 'control' : `host:${what.hostId}`;
  justChanged.delete(key);
  liveStore.setState(({ noted }) => {
    const { [key]: _old, ...rest } = noted;
    return { noted: revision === null ? rest : { ...rest, [key]: revision } };
  });
}
