import type { JobSummary } from '../../src-main/api/types.ts';
import { useLive } from './store.ts';

/** When a running job left its GPU while its files are still brought away, Redis time; undefined while it computes. */
export function useLeftAt(job: JobSummary): number | undefined {
  return useLive(({ hosts }) => {
    if (job.status !== 'running') return undefined;
    for (const { status } of Object.values(hosts))
      for (const { jobId, since } of status?.finishing ?? []) if (jobId === job.id) return since;
    return undefined;
  });
}
