import type { JobTable } from './job-table.ts';
import type { QueueNow } from './queue-model.ts';

/** The workers of a simulation as columns of numbers. */
export interface Fleet {
  /** When each can take a job, ms from now. */
  freeAt: Float64Array;
  /** Kind of job (number of the table) whose models each has loaded; -1 = none of them. */
  loaded: Int32Array;
  /** Whose job it has in hand (number of the table), for the turns; -1 = nobody's. */
  user: Int32Array;
  /** Back to now; when busy and starting ones are free is for the caller to set. */
  reset(): void;
  /** The worker that takes the next job: the one that is free first. */
  nextFree(): number;
  /** Factor on how long a job takes that this worker starts then: its own slowness, and who shares its GPU. */
  around(worker: number, at: number): number;
  /** It takes a job that keeps it for so long, ms. */
  start(worker: number, at: number, ms: number, kind: number, user: number): void;
}

export function createFleet({ workers, runTimes }: QueueNow, table: JobTable): Fleet {
  const count = workers.length;
  const hosts = [...new Set(workers.map(({ hostId }) => hostId))];
  const host = Int32Array.from(workers, ({ hostId }) => hosts.indexOf(hostId));
  const takes = Uint8Array.from(workers, (worker) => (worker.takes ? 1 : 0));
  const slowness = Float64Array.from(workers, ({ id }) => runTimes.slownessOf(id));
  const crowding = Float64Array.from({ length: count + 1 }, (_, together) => runTimes.crowding(together));
  const loadedNow = Int32Array.from(workers, ({ state, loaded }) =>
    table.kindOf(state.kind === 'busy' ? state.job.kind : loaded),
  );
  const userNow = Int32Array.from(workers, ({ state }) =>
    state.kind === 'busy' ? table.users.indexOf(state.job.userId) : -1,
  );
  const upNow = Uint8Array.from(workers, ({ state }) => (state.kind === 'starting' ? 0 : 1));
  const freeAt = new Float64Array(count);
  const loaded = new Int32Array(count);
  const user = new Int32Array(count);
  /** Whether it counts as one that shares its GPU: it is up, or was once it took a job. */
  const up = new Uint8Array(count);

  return {
    freeAt,
    loaded,
    user,
    reset() {
      freeAt.fill(0);
      loaded.set(loadedNow);
      user.set(userNow);
      up.set(upNow);
    },
    nextFree() {
      let best = -1;
      let bestAt = Number.POSITIVE_INFINITY;
      for (let at = 0; at < count; at += 1) {
        const free = Number(freeAt[at]);
        if (free < bestAt && takes[at] === 1) {
          best = at;
          bestAt = free;
        }
      }
      return best;
    },
    around(worker, at) {
      const own = host[worker];
      let together = 1;
      for (let other = 0; other < count; other += 1) {
        if (other === worker || up[other] === 0 || host[other] !== own) continue;
        // One that takes no more shares only until its job ends.
        if (takes[other] === 1 || Number(freeAt[other]) > at) together += 1;
      }
      return Number(slowness[worker]) * Number(crowding[together]);
    },
    start(worker, at, ms, kind, whose) {
      freeAt[worker] = at + ms;
      loaded[worker] = kind;
      user[worker] = whose;
      up[worker] = 1;
    },
  };
}
