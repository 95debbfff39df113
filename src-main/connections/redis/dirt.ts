/** What must be read again. */
export interface Marks {
  /** Job keys that changed. */
  jobs: ReadonlySet<string>;
  hosts: 'all' | ReadonlySet<string>;
  control: boolean;
  events: boolean;
  /** What the consoles share. */
  room: boolean;
  plan: boolean;
  /** Anything may have changed unseen. */
  resync: boolean;
}

/** Collects marks between two readings. */
export interface Dirt {
  readonly clean: boolean;
  job(jobId: string): void;
  queue(): void;
  host(hostId: string): void;
  allHosts(): void;
  control(): void;
  events(): void;
  shared(which: 'room' | 'plan'): void;
  all(): void;
  /** Hands over what is marked and starts clean. The queue is looked at in every reading, so it has no mark. */
  take(): Marks;
}

const CLEAN = { queue: false, control: false, events: false, room: false, plan: false, resync: false };

export function createDirt(): Dirt {
  let jobs = new Set<string>();
  let hosts: 'all' | Set<string> = new Set();
  let flags = { ...CLEAN };

  return {
    get clean() {
      return jobs.size === 0 && hosts !== 'all' && hosts.size === 0 && !Object.values(flags).includes(true);
    },
    job: (jobId) => void jobs.add(jobId),
    queue() {
      flags.queue = true;
    },
    host(hostId) {
      if (hosts !== 'all') hosts.add(hostId);
    },
    allHosts() {
      hosts = 'all';
    },
    control() {
      flags.control = true;
    },
    events() {
      flags.events = true;
    },
    shared(which) {
      flags[which] = true;
    },
    all() {
      hosts = 'all';
      flags = { queue: true, control: true, events: true, room: true, plan: true, resync: true };
    },
    take() {
      const { control, events, room, plan, resync } = flags;
      const marks: Marks = { jobs, hosts, control, events, room, plan, resync };
      jobs = new Set();
      hosts = new Set();
      flags = { ...CLEAN };
      return marks;
    },
  };
}
