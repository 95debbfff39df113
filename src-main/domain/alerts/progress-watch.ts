import type { CurrentJob } from '../../../worker-agent/src/contract/host.ts';
import type { WorkshopSnapshot } from '../workshop.ts';

/** A running job as the watch last saw it. */
export interface RunningJob {
  hostId: string;
  workerId: string;
  job: CurrentJob;
  /** Since when nothing about it moved, local epoch ms. */
  stillSince: number;
  /** Models are still being loaded, or files moved: slower by nature. */
  slowPhase: boolean;
}

/** Remembers when each running job last moved: another phase, node, step or share. No clock. */
export interface ProgressWatch {
  /** @param fresh hosts whose live frames are current; jobs of others are not judged and not forgotten. */
  look(snapshot: Readonly<WorkshopSnapshot>, fresh: ReadonlySet<string>, now: number): RunningJob[];
  /** When any job last moved; null before the first. */
  lastMoved(): number | null;
  forget(): void;
}

export function createProgressWatch(): ProgressWatch {
  let marks = new Map<string, { mark: string; since: number }>();
  let moved: number | null = null;
  return {
    look(snapshot, fresh, now) {
      const next = new Map<string, { mark: string; since: number }>();
      const jobs: RunningJob[] = [];
      for (const host of Object.values(snapshot.hosts))
        for (const { id: workerId, state } of host.status?.workers ?? []) {
          if (state.kind !== 'busy' && state.kind !== 'draining') continue;
          const { job } = state;
          const before = marks.get(job.jobId);
          if (!fresh.has(host.id)) {
            if (before) next.set(job.jobId, before);
            continue;
          }
          const live = host.live?.progress.find(({ jobId }) => jobId === job.jobId);
          const phase = live?.phase ?? job.phase;
          const mark = [phase, live?.fraction, live?.node, live?.step, job.attempt, workerId].join(' ');
          const same = before?.mark === mark;
          if (before && !same) moved = now;
          const since = same ? before.since : now;
          next.set(job.jobId, { mark, since });
          // What waits for memory stands still on purpose.
          if (job.waitingFor) next.set(job.jobId, { mark, since: now });
          else
            jobs.push({
              ...{ hostId: host.id, workerId, job, stillSince: since },
              slowPhase: phase === 'loading' || phase === 'delivering' || phase === 'preparing',
            });
        }
      marks = next;
      return jobs;
    },
    lastMoved: () => moved,
    forget() {
      marks = new Map();
      moved = null;
    },
  };
}
