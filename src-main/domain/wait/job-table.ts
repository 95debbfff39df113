import type { QueueNow, SimJob } from './queue-model.ts';

/** The jobs of a simulation as columns of numbers: first those that wait, then those that may be submitted meanwhile. */
export interface JobTable {
  /** How many wait. */
  waiting: number;
  rows: number;
  users: readonly string[];
  user: Int32Array;
  kind: Int32Array;
  /** Which jobs share a doubt about their median. */
  group: Int32Array;
  groups: number;
  /** Median, ms; deviations of the logarithm; ms; share. As in RunEstimate. */
  medianMs: Float64Array;
  spread: Float64Array;
  loadMs: Float64Array;
  cutShare: Float64Array;
  priority: Int32Array;
  /** Number of a kind; -1 for one that no job of the table has. */
  kindOf(kind: string | null): number;
}

export function createJobTable({ waiting, arrivals }: QueueNow): JobTable {
  const jobs: readonly SimJob[] = [...waiting, ...(arrivals?.like ?? [])];
  const users = numbered(jobs.map(({ userId }) => userId));
  const kinds = numbered(jobs.map(({ kind }) => kind));
  const groups = numbered(jobs.map(({ estimate }) => estimate.group));
  const column = (read: (job: SimJob) => number) => Float64Array.from(jobs, read);
  return {
    waiting: waiting.length,
    rows: jobs.length,
    users: [...users.keys()],
    user: Int32Array.from(jobs, ({ userId }) => users.get(userId) ?? -1),
    kind: Int32Array.from(jobs, ({ kind }) => kinds.get(kind) ?? -1),
    group: Int32Array.from(jobs, ({ estimate }) => groups.get(estimate.group) ?? -1),
    groups: groups.size,
    medianMs: column(({ estimate }) => estimate.medianMs),
    spread: column(({ estimate }) => estimate.spread),
    loadMs: column(({ estimate }) => estimate.loadMs),
    cutShare: column(({ estimate }) => estimate.cutShare),
    priority: Int32Array.from(jobs, ({ priority }) => priority),
    kindOf: (kind) => (kind === null ? -1 : (kinds.get(kind) ?? -1)),
  };
}

function numbered(names: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const name of names) if (!numbers.has(name)) numbers.set(name, numbers.size);
  return numbers;
}
