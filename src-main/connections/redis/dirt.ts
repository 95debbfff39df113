/** What must be read again. */
export interface Marks {
  /** Job keys that changed. */
  jobs: ReadonlySet<string>;
  hosts: 'all' | ReadonlySet<string>;
  control: boolean;
  events: boolean;
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
  all(): void;
  /** Hands over what is marked and starts clean. The queue is looked at in every reading, so it has no mark. */
  take(): Marks;
}

export function createDirt(): Dirt {
  let jobs = new Set<string>();
  let hosts: 'all' | Set<string> = new Set();
  let flags = { queue: false, control: false, events: false, resync: false };

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
    all() {
      hosts = 'all';
      flags = { queue: true, control: true, events: true, resync: true };
    },
    take() {
      const { control, events, resync } = flags;
      const marks: Marks = { jobs, hosts, control, events, resync };
      jobs = new Set();
      hosts = new Set();
      flags = { queue: false, control: false, events: false, resync: false };
      return marks;
    },
  };
}
