import type { HostView, JobSummary, Sample, WorkshopChange } from './workshop.ts';

/** Beyond these a subscriber is better served by a new snapshot than by what it missed. */
const JOBS_HELD = 5000;
const EVENTS_HELD = 500;
const SAMPLES_HELD = 120;

/**
 * Changes that wait for one subscriber, merged so that only the last word on each thing stands. It never grows with
 * time: what cannot be merged is bounded, and beyond the bound it asks for a new snapshot.
 */
export interface Outbox {
  add(changes: readonly WorkshopChange[]): void;
  /** Empties it. `overflow` = send a snapshot instead. */
  take(): WorkshopChange[] | 'overflow';
  readonly empty: boolean;
}

export function createOutbox(): Outbox {
  /** Last word on links, queue, control, name; and per host. */
  let latest = new Map<string, WorkshopChange>();
  let jobs = new Map<string, JobSummary | null>();
  let samples: { sample: Sample; coarse: boolean }[] = [];
  let events: WorkshopChange[] = [];
  let overflow = false;

  const clear = () => {
    latest = new Map();
    jobs = new Map();
    samples = [];
    events = [];
  };

  const addOne = (change: WorkshopChange) => {
    switch (change.kind) {
      case 'jobs':
        for (const job of change.upsert) jobs.set(job.id, job);
        for (const id of change.remove) jobs.set(id, null);
        return;
      case 'sample':
        samples.push({ sample: change.sample, coarse: change.coarse });
        return;
      case 'event':
        events.push(change);
        return;
      case 'host':
        latest.delete(`live ${change.host.id}`);
        latest.set(`host ${change.host.id}`, change);
        return;
      case 'host-removed':
        latest.delete(`live ${change.hostId}`);
        latest.set(`host ${change.hostId}`, change);
        return;
      case 'live': {
        const whole = latest.get(`host ${change.hostId}`);
        if (whole?.kind === 'host')
          latest.set(`host ${change.hostId}`, { kind: 'host', host: withFrame(whole.host, change) });
        else latest.set(`live ${change.hostId}`, change);
        return;
      }
      case 'snapshot':
      case 'name':
        // A new workshop: nothing that waits is about it.
        overflow = true;
        return;
      default:
        latest.set(change.kind, change);
    }
  };

  return {
    add(changes) {
      if (overflow) return;
      for (const change of changes) addOne(change);
      if (jobs.size > JOBS_HELD || events.length > EVENTS_HELD || samples.length > SAMPLES_HELD)
        overflow = true;
      if (overflow) clear();
    },
    take() {
      if (overflow) {
        overflow = false;
        return 'overflow';
      }
      const changes: WorkshopChange[] = [...latest.values()];
      if (jobs.size > 0) {
        const upsert = [...jobs.values()].filter((job) => job !== null);
        const remove = [...jobs].flatMap(([id, job]) => (job === null ? [id] : []));
        changes.push({ kind: 'jobs', upsert, remove });
      }
      changes.push(...events, ...samples.map((held) => ({ kind: 'sample' as const, ...held })));
      clear();
      return changes;
    },
    get empty() {
      return !overflow && latest.size === 0 && jobs.size === 0 && events.length === 0 && samples.length === 0;
    },
  };
}

function withFrame(host: HostView, frame: Extract<WorkshopChange, { kind: 'live' }>): HostView {
  return { ...host, live: frame.live, heardAt: frame.heardAt };
}
