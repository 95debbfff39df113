import { replaceEqualDeep } from '@tanstack/react-query';
import type { HostView, WorkshopChange } from '../../src-main/api/types.ts';
import { learnStarts } from './learned.ts';
import type { LiveState } from './store.ts';

const EVENTS_KEPT = 200;

/**
 * Applies a batch of main's changes, in order, in one step.
 * Parts that did not change keep their identity, so that selectors on them stay quiet.
 */
export function applyChanges(state: LiveState, changes: readonly WorkshopChange[]): LiveState {
  const next = { ...state };
  for (const change of changes) applyOne(next, change);
  next.jobsVersion = next.jobs.version;
  return next;
}

function applyOne(next: LiveState, change: WorkshopChange): void {
  switch (change.kind) {
    case 'snapshot': {
      const { hosts, jobs, events, ...plain } = change.snapshot;
      Object.assign(
        next,
        { waits: null, laterWaits: null, notice: null, room: null, machines: [], tailnet: null },
        { alerts: null, capacity: null, console: null },
        plain,
        {
          known: true,
          noted: {},
        },
      );
      next.hosts = replaceEqualDeep(next.hosts, hosts);
      next.hostIds = replaceEqualDeep(next.hostIds, Object.keys(hosts).sort());
      next.events = newestFirst(events).slice(0, EVENTS_KEPT);
      next.jobs.replaceAll(Object.values(jobs));
      next.histories.replaceAll(change.histories);
      return;
    }
    case 'name':
      next.name = change.name;
      next.redisAddress = change.redisAddress;
      next.notice = null;
      return;
    case 'links':
      next.links = replaceEqualDeep(next.links, change.links);
      return;
    case 'queue':
      next.queueAt = change.queueAt;
      next.clockOffsetMs = change.clockOffsetMs;
      next.counts = replaceEqualDeep(next.counts, change.counts);
      return;
    case 'control':
      next.control = change.control;
      next.noted = settle(next.noted, 'control', change.control?.revision);
      return;
    case 'waits':
      next.waits = replaceEqualDeep(next.waits, change.waits);
      return;
    case 'later-waits':
      next.laterWaits = change.laterWaits;
      return;
    case 'room':
      next.room = replaceEqualDeep(next.room, change.room);
      return;
    case 'alerts':
      next.alerts = replaceEqualDeep(next.alerts, change.alerts);
      return;
    case 'capacity':
      next.capacity = replaceEqualDeep(next.capacity, change.capacity);
      return;
    case 'machines':
      next.machines = replaceEqualDeep(next.machines, change.machines);
      return;
    case 'tailnet':
      next.tailnet = replaceEqualDeep(next.tailnet, change.tailnet);
      return;
    case 'console':
      next.console = change.console;
      return;
    case 'jobs':
      next.jobs.change(change.upsert, change.remove);
      return;
    case 'host':
      setHost(next, change.host);
      next.noted = settle(next.noted, `host:${change.host.id}`, change.host.desired?.revision);
      return;
    case 'live': {
      const host = next.hosts[change.hostId];
      if (host) setHost(next, { ...host, live: change.live, heardAt: change.heardAt });
      return;
    }
    case 'host-removed': {
      const { [change.hostId]: _gone, ...rest } = next.hosts;
      next.hosts = rest;
      next.hostIds = next.hostIds.filter((id) => id !== change.hostId);
      return;
    }
    case 'event':
      next.events = [change.event, ...next.events].slice(0, EVENTS_KEPT);
      return;
    case 'sample':
      next.histories.push(change.sample, change.coarse);
      return;
    default:
      // A newer main may send kinds that this renderer does not know; they are not ours to judge.
      change satisfies never;
  }
}

function setHost(next: LiveState, host: HostView): void {
  const before = next.hosts[host.id];
  next.startTimes = learnStarts(next.startTimes, before, host);
  next.hosts = { ...next.hosts, [host.id]: before ? replaceEqualDeep(before, host) : host };
  if (!before) next.hostIds = [...next.hostIds, host.id].sort();
}

/** A noted revision has served once the feed has caught up with it. */
function settle(noted: LiveState['noted'], key: string, seen: number | undefined): LiveState['noted'] {
  const ours = noted[key];
  if (ours === undefined || seen === undefined || seen < ours) return noted;
  const { [key]: _served, ...rest } = noted;
  return rest;
}

function newestFirst<T extends { at: number }>(events: readonly T[]): T[] {
  return [...events].sort((a, b) => b.at - a.at);
}
