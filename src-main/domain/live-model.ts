import type { AlertsState } from './alerts/alerts-state.ts';
import type { CapacityState } from './capacity/capacity-state.ts';
import type { MachineView } from './hosts/machine-view.ts';
import type { OwnTailnet } from './hosts/tailnet.ts';
import type { Observation } from './observation.ts';
import type { RoomState } from './room/room-state.ts';
import { same } from './same.ts';
import { isLaterNoNews, isNoNews } from './wait/news.ts';
import type { Estimates, LaterWaits, Waits } from './wait/waits.ts';
import type { ConsoleName, HostView, JobSummary, WorkshopChange, WorkshopSnapshot } from './workshop.ts';

/** Events kept for screens that open later. */
const EVENTS_KEPT = 200;

/**
 * The live model of one workshop: facts in, changes out. No I/O, no clock; what a sequence of facts leads to depends
 * on nothing else.
 */
export interface LiveModel {
  /** Takes a fact in. @returns what it changed, in order; empty when it was known already. */
  observe(observation: Observation): WorkshopChange[];
  /** Another workshop, or none: everything known is forgotten. */
  rename(name: string | null, redisAddress: string | null): WorkshopChange[];
  /** Sets the notice of the console itself; it goes with the next change of workshop. */
  notice(sentence: string | null): WorkshopChange[];
  /** Takes new estimates of who waits how long; null when they are not known. @returns empty when they are no news. */
  estimated(estimates: Estimates | null): WorkshopChange[];
  /** Sets what the host chose for the room view; null for none. It goes with the next change of workshop. */
  room(state: RoomState | null): WorkshopChange[];
  /** Sets how the ways to the machines stand; they outlast a change of what Redis is watched. */
  machines(machines: MachineView[]): WorkshopChange[];
  /** Sets how Tailscale stands on this computer; null while it is not needed. Outlasts a change as the machines do. */
  tailnet(tailnet: OwnTailnet | null): WorkshopChange[];
  /** Takes what needs a person now. @returns empty when it is no news. */
  alerts(alerts: AlertsState | null): WorkshopChange[];
  /** Takes what fits and what it costs. @returns empty when it is no news. */
  capacity(capacity: CapacityState | null): WorkshopChange[];
  /** Sets what other consoles call this one; it stays with every change of workshop. */
  console(console: ConsoleName): WorkshopChange[];
  /** A copy that no later fact alters. */
  snapshot(): WorkshopSnapshot;
  /** What is known now; read it, never change it. */
  readonly now: Readonly<WorkshopSnapshot>;
}

export function createLiveModel(): LiveModel {
  let state = nothingKnown(null, null);

  const setHost = (hostId: string, change: (host: HostView) => HostView): WorkshopChange[] => {
    const before = state.hosts[hostId];
    const after = change(before ?? unknownHost(hostId));
    if (before && same(before, after)) return [];
    state.hosts = { ...state.hosts, [hostId]: after };
    return [{ kind: 'host', host: after }];
  };

  const setJobs = (found: readonly JobSummary[], gone: readonly string[]): WorkshopChange[] => {
    const upsert = found.filter((job) => !same(state.jobs[job.id], job));
    const remove = gone.filter((id) => state.jobs[id] !== undefined);
    for (const job of upsert) state.jobs[job.id] = job;
    for (const id of remove) delete state.jobs[id];
    return upsert.length + remove.length === 0 ? [] : [{ kind: 'jobs', upsert, remove }];
  };

  const observe = (fact: Observation): WorkshopChange[] => {
    switch (fact.kind) {
      case 'link':
        if (same(state.links.redis, fact.link)) return [];
        state.links = { ...state.links, redis: fact.link };
        return [{ kind: 'links', links: state.links }];
      case 'queue': {
        state.queueAt = fact.at;
        state.clockOffsetMs = fact.clockOffsetMs;
        state.counts = fact.counts;
        return [{ kind: 'queue', queueAt: fact.at, clockOffsetMs: fact.clockOffsetMs, counts: fact.counts }];
      }
      case 'control':
        if (same(state.control, fact.control)) return [];
        state.control = fact.control;
        return [{ kind: 'control', control: fact.control }];
      // Only the estimates of main look at it.
      case 'completions':
        state.completions = fact.byUser;
        return [];
      case 'some-jobs':
        return setJobs(fact.found, fact.gone);
      case 'all-hosts': {
        const gone = Object.keys(state.hosts).filter((id) => !fact.hostIds.includes(id));
        for (const id of gone) delete state.hosts[id];
        const appeared = fact.hostIds.flatMap((id) => (state.hosts[id] ? [] : setHost(id, (host) => host)));
        return [...gone.map((hostId) => ({ kind: 'host-removed' as const, hostId })), ...appeared];
      }
      case 'host-status':
        return setHost(fact.hostId, (host) => ({
          ...host,
          status: fact.status,
          mismatch: null,
          heardAt: later(host.heardAt, fact.heardAt),
        }));
      case 'host-desired':
        return setHost(fact.hostId, (host) => ({ ...host, desired: fact.desired }));
      case 'host-mismatch':
        return setHost(fact.hostId, (host) => ({
          ...host,
          status: null,
          live: null,
          mismatch: fact.mismatch,
        }));
      case 'live': {
        const host = state.hosts[fact.hostId] ?? unknownHost(fact.hostId);
        const isNew = state.hosts[fact.hostId] === undefined;
        const after = { ...host, live: fact.live, heardAt: fact.heardAt, mismatch: null };
        state.hosts = { ...state.hosts, [fact.hostId]: after };
        if (isNew || host.mismatch !== null) return [{ kind: 'host', host: after }];
        return [{ kind: 'live', hostId: fact.hostId, live: fact.live, heardAt: fact.heardAt }];
      }
      case 'event':
        state.events = [...state.events, fact.event].slice(-EVENTS_KEPT);
        return [{ kind: 'event', event: fact.event }];
      // Their keepers tell what they make of it.
      case 'room':
      case 'plan':
        return [];
    }
  };

  return {
    observe,
    rename(name, redisAddress) {
      const { console, machines, tailnet } = state;
      state = {
        ...nothingKnown(name, redisAddress),
        console: console ?? null,
        machines: machines ?? [],
        tailnet: tailnet ?? null,
      };
      return [{ kind: 'name', name, redisAddress }];
    },
    notice(sentence) {
      state.notice = sentence;
      return [{ kind: 'name', name: state.name, redisAddress: state.redisAddress }];
    },
    estimated(estimates) {
      const changes: WorkshopChange[] = [];
      const [waits, laterWaits] = estimates ? split(estimates) : [null, null];
      if (!isNoNews(state.waits ?? null, waits)) {
        state.waits = waits;
        changes.push({ kind: 'waits', waits });
      }
      if (!isLaterNoNews(state.laterWaits ?? null, laterWaits)) {
        state.laterWaits = laterWaits;
        changes.push({ kind: 'later-waits', laterWaits });
      }
      return changes;
    },
    room(room) {
      state.room = room;
      return [{ kind: 'room', room }];
    },
    alerts(alerts) {
      if (same(state.alerts ?? null, alerts)) return [];
      state.alerts = alerts;
      return [{ kind: 'alerts', alerts }];
    },
    capacity(capacity) {
      if (same(state.capacity ?? null, capacity)) return [];
      state.capacity = capacity;
      return [{ kind: 'capacity', capacity }];
    },
    machines(machines) {
      state.machines = machines;
      return [{ kind: 'machines', machines }];
    },
    tailnet(tailnet) {
      state.tailnet = tailnet;
      return [{ kind: 'tailnet', tailnet }];
    },
    console(console) {
      state.console = console;
      return [{ kind: 'console', console }];
    },
    // Jobs are the one part that is altered in place; everything else is replaced.
    snapshot: () => ({ ...state, jobs: { ...state.jobs }, hosts: { ...state.hosts } }),
    get now() {
      return state;
    },
  };
}

function nothingKnown(name: string | null, redisAddress: string | null): WorkshopSnapshot {
  return {
    name,
    redisAddress,
    links: { redis: { kind: 'idle' } },
    queueAt: null,
    clockOffsetMs: null,
    counts: null,
    control: null,
    hosts: {},
    jobs: {},
    events: [],
    notice: null,
    waits: null,
    laterWaits: null,
    room: null,
    machines: [],
    tailnet: null,
    alerts: null,
    capacity: null,
    console: null,
  };
}

/** What is told often, and what is told seldom. */
function split({ later, ...waits }: Estimates): [Waits, LaterWaits | null] {
  return [waits, Object.keys(later).length === 0 ? null : { at: waits.at, byJob: later }];
}

function unknownHost(id: string): HostView {
  return { id, status: null, desired: null, live: null, heardAt: null, mismatch: null };
}

function later(a: number | null, b: number): number {
  return a === null ? b : Math.max(a, b);
}
