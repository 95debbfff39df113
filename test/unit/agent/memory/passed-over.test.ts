import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PassedOverJobs, type Patience } from '../../../../worker-agent/src/agent/memory/passed-over.ts';

const job = (jobId: string) => ({ jobId, userId: 'user001', kind: 'ltx2 text to video', signature: jobId });
const patience: Patience = { passes: 3, ms: 60_000 };

function waiting(...ids: string[]): PassedOverJobs {
  const jobs = new PassedOverJobs(patience);
  for (const id of ids) jobs.add(job(id), 0);
  return jobs;
}

const others = (jobs: PassedOverJobs) => jobs.all().map(({ jobId }) => jobId);

describe('jobs that wait for memory', () => {
  test('after so many starts of others the card is reserved', () => {
    const jobs = waiting('big');
    jobs.countStart('a', ['big']);
    jobs.countStart('b', ['big']);
    expect(jobs.reservedFor(1)).toBeUndefined();
    jobs.countStart('c', ['big']);
    expect(jobs.reservedFor(1)?.jobId).toBe('big');
  });

  test('after so much time the card is reserved although nothing was started', () => {
    const jobs = waiting('big');
    expect(jobs.reservedFor(0)).toBeUndefined();
    expect(jobs.reservedFor(59_999)).toBeUndefined();
    expect(jobs.reservedFor(60_000)?.jobId).toBe('big');
  });

  test('being seen again does not start the patience anew', () => {
    const jobs = waiting('big');
    jobs.reservedFor(0);
    jobs.add(job('big'), 50_000);
    expect(jobs.reservedFor(60_000)?.jobId).toBe('big');
  });

  test('only the first in line is passed over: many big jobs do not close the card for the others', () => {
    const jobs = waiting('first', 'second');
    for (const small of ['a', 'b', 'c']) jobs.countStart(small, ['first', 'second']);
    expect(jobs.reservedFor(1)?.jobId).toBe('first');
    jobs.countStart('first', []);
    expect(jobs.reservedFor(2)).toBeUndefined();
  });

  test('the line follows the queue: a job of higher priority goes to the front', () => {
    const jobs = waiting('early', 'instructor', 'deep');
    jobs.arrange(['instructor', 'early']);
    expect(others(jobs)).toEqual(['instructor', 'early', 'deep']);
  });

  test('a start for which nobody was left out passes over nobody', () => {
    const jobs = waiting('big');
    jobs.countStart('a', []);
    jobs.countStart('b', ['somebody else']);
    expect(jobs.get('big')?.passes).toBe(0);
  });

  test('one that was not next by the queue’s order waits anew', () => {
    const jobs = waiting('big');
    jobs.reservedFor(0);
    jobs.restart('big');
    expect(jobs.reservedFor(60_000)).toBeUndefined();
    expect(jobs.reservedFor(120_000)?.jobId).toBe('big');
  });

  test('what is gone from the queue reserves nothing', () => {
    const jobs = waiting('big', 'other');
    jobs.reservedFor(0);
    jobs.keepOnly((id) => id !== 'big');
    expect(jobs.reservedFor(60_000)).toBeUndefined();
    expect(jobs.reservedFor(120_000)?.jobId).toBe('other');
  });

  test('starvation bound: whatever is started, no job is passed over more often than allowed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('start' as const), id: fc.nat(1000) }),
      fc.record({ kind: fc.constant('too-big' as const), id: fc.nat(1000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const jobs = new PassedOverJobs(patience);
        const overtaken = new Map<string, number>();
        for (const { kind, id } of steps) {
          const reserved = jobs.reservedFor(0);
          const first = jobs.first();
          if (kind === 'too-big') jobs.add(job(`big-${id}`), 0);
          else if (reserved) jobs.countStart(reserved.jobId, others(jobs));
          else {
            jobs.countStart(`small-${id}`, others(jobs));
            if (first) overtaken.set(first.jobId, (overtaken.get(first.jobId) ?? 0) + 1);
          }
          for (const count of overtaken.values()) expect(count).toBeLessThanOrEqual(patience.passes);
          if (kind === 'start' && reserved) overtaken.delete(reserved.jobId);
        }
      }),
    );
  });
});
