import type { JobSummary } from '../../../src-main/api/types.ts';
import {
  causeOfFailure,
  type Failure,
  failureKey,
} from '../../../worker-agent/src/contract/failure-cause.ts';

/** Failed jobs that one step mends. */
export interface FailureGroup extends Failure {
  key: string;
  jobs: JobSummary[];
  people: number;
}

/** Groups the failed ones by cause; what hits most people comes first. */
export function groupFailures(jobs: Iterable<JobSummary>): FailureGroup[] {
  const groups = new Map<string, { failure: Failure; jobs: JobSummary[]; people: Set<string> }>();
  for (const job of jobs) {
    if (job.status !== 'failed') continue;
    const failure = causeOfFailure(job.error);
    const key = failureKey(failure);
    const group = groups.get(key) ?? { failure, jobs: [], people: new Set<string>() };
    group.jobs.push(job);
    group.people.add(job.userId);
    groups.set(key, group);
  }
  return [...groups]
    .map(([key, { failure, jobs, people }]) => ({ ...failure, key, jobs, people: people.size }))
    .sort((a, b) => b.people - a.people || b.jobs.length - a.jobs.length || (a.key < b.key ? -1 : 1));
}
