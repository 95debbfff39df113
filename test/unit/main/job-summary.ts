import type { JobSummary } from '../../../src-main/domain/workshop.ts';

/** A waiting job as lists show it. */
export function job(id: string, change: Partial<JobSummary> = {}): JobSummary {
  return {
    id,
    userId: 'user001',
    status: 'pending',
    queue: 'pending',
    score: 1,
    priority: 2,
    createdAt: 1,
    startedAt: null,
    completedAt: null,
    workerId: null,
    error: null,
    kind: 'sdxl image',
    sizeBytes: 10,
    ...change,
  };
}
