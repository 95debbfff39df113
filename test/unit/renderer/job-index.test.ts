import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobSummary } from '../../../src-main/domain/workshop.ts';
import { JobIndex } from '../../../src-renderer/live/job-index.ts';
import { job } from '../../support/scenarios.ts';

const someJob = fc
  .record({
    id: fc.integer({ min: 0, max: 30 }).map((number) => `j${number}`),
    userId: fc.constantFrom('a', 'b', 'c'),
    status: fc.constantFrom('pending', 'running', 'completed'),
    score: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(null)),
  })
  .map(({ status, ...rest }) => job(1, status as JobSummary['status'], 0, rest));
const step = fc.record({
  upsert: fc.array(someJob, { maxLength: 6 }),
  remove: fc.array(
    fc.integer({ min: 0, max: 30 }).map((number) => `j${number}`),
    { maxLength: 3 },
  ),
});

/** What the index must equal, sorted anew each time. */
function naive(jobs: Map<string, JobSummary>): string[] {
  return [...jobs.values()]
    .filter(({ queue }) => queue === 'pending')
    .sort((a, b) => (a.score ?? Number.MAX_VALUE) - (b.score ?? Number.MAX_VALUE) || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

test('the waiting jobs stand in queue order after any changes, one at a time', () => {
  fc.assert(
    fc.property(fc.array(someJob, { maxLength: 20 }), fc.array(step, { maxLength: 15 }), (begin, steps) => {
      const index = new JobIndex();
      const model = new Map<string, JobSummary>();
      for (const one of begin) model.set(one.id, one);
      index.replaceAll(model.values());
      for (const { upsert, remove } of steps) {
        index.change(upsert, remove);
        for (const id of remove) model.delete(id);
        for (const one of upsert) model.set(one.id, one);
        const expected = naive(model);
        expect(index.firstWaiting(1000).map(({ id }) => id)).toEqual(expected);
        expect(index.waitingCount).toBe(expected.length);
        expect(index.size).toBe(model.size);
        expect(index.people).toBe(new Set([...model.values()].map(({ userId }) => userId)).size);
      }
    }),
  );
});

test('the version moves with every change and rests without', () => {
  const index = new JobIndex();
  index.change([], []);
  expect(index.version).toBe(0);
  index.change([job(1, 'pending', 0)], []);
  expect(index.version).toBe(1);
});
