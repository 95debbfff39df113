import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Caps, capOf } from '../../../worker-agent/src/contract/desired.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { priorityScore } from '../../../worker-agent/src/queue/score.ts';
import { claimAll, claimOne, publishedDuring, queueRig, queues, REQUEST, submit } from './queue-rig.ts';

const rig = queueRig();
const USERS = ['ada', 'bo', 'cy', 'di'] as const;
const MODES = ['fifo', 'priority', 'round_robin', 'fair'] as const;

const control = (changes: { caps?: Caps; lineCaps?: Caps; heldUsers?: string[]; nextTurn?: string | null }) =>
  rig.redis.set(
    keys.control,
    JSON.stringify({
      ...{ protocol: 1, revision: 1, at: 1, by: 'host', held: false, mode: null },
      ...{ heldUsers: [], nextTurn: null, ...changes },
    }),
  );

const eventSchema = z.object({
  type: z.literal('job_updated'),
  data: z.object({ user_id: z.string(), status: z.string() }),
});

const orders = fc.record({
  mode: fc.constantFrom(...MODES),
  everybody: fc.option(fc.integer({ min: 1, max: 3 })),
  own: fc.dictionary(fc.constantFrom(...USERS), fc.integer({ min: 1, max: 3 })),
  held: fc.uniqueArray(fc.constantFrom(...USERS), { maxLength: 2 }),
  nextTurn: fc.option(fc.constantFrom(...USERS)),
  jobs: fc.array(fc.constantFrom(...USERS), { minLength: 1, maxLength: 24 }),
});

test('caps, holds and the next turn hold while eight workers on four connections claim at once', async () => {
  const consumers = Array.from({ length: 4 }, () => createJobConsumer(rig.server.client()));
  await fc.assert(
    fc.asyncProperty(orders, async ({ mode, everybody, own, held, nextTurn, jobs }) => {
      await rig.redis.flushall();
      const caps: Caps = { everybody, users: own };
      await control({ caps, heldUsers: held, nextTurn });
      for (const [at, userId] of jobs.entries())
        await submit(rig.redis, { id: `job-${at}`, userId, createdAtMicros: 1_772_360_430_000_000 + at });
      const servable = jobs.filter((user) => !held.includes(user));
      let served = 0;

      const work = async (consumer: (typeof consumers)[number], workerId: string) => {
        while (served < servable.length) {
          const outcome = await consumer.claim({ ...REQUEST, mode, workerId });
          if (outcome.kind !== 'claimed') continue;
          // Others get to claim meanwhile.
          await rig.redis.ping();
          await consumer.settle(outcome.claim, { status: 'completed', result: {} });
          served += 1;
        }
      };
      // Redis publishes in the order in which its scripts ran: the story of the run, without gaps in time.
      const story = await publishedDuring(rig, () =>
        Promise.all(consumers.flatMap((one, at) => [1, 2].map((slot) => work(one, `worker-${at}-${slot}`)))),
      );

      const running = new Map<string, number>();
      const started: string[] = [];
      for (const text of story) {
        const { data } = eventSchema.parse(JSON.parse(text));
        const now = (running.get(data.user_id) ?? 0) + (data.status === 'running' ? 1 : -1);
        running.set(data.user_id, now);
        if (data.status === 'running') started.push(data.user_id);
        expect(now).toBeLessThanOrEqual(capOf(caps, data.user_id) ?? Number.POSITIVE_INFINITY);
      }
      expect([...started].sort()).toEqual([...servable].sort());
      const after = JSON.parse((await rig.redis.get(keys.control)) ?? '');
      if (nextTurn !== null && servable.includes(nextTurn)) {
        expect(started[0]).toBe(nextTurn);
        expect(after).toMatchObject({ nextTurn: null, caps, heldUsers: held });
      } else expect(after.nextTurn).toBe(nextTurn);
      // Who is held lost nothing.
      expect((await queues(rig.redis)).pending?.length ?? 0).toBe(jobs.length - servable.length);
    }),
    { numRuns: 40 },
  );
});

test('whoever is at the cap waits for the end of one of their own jobs, and then goes before the others', async () => {
  const consumer = createJobConsumer(rig.redis);
  await control({ caps: { everybody: null, users: { ada: 1 } } });
  for (const id of ['a1', 'a2', 'b1', 'b2']) {
    const at = Number(id[1]) + (id[0] === 'b' ? 10 : 0);
    await submit(rig.redis, {
      id,
      userId: id[0] === 'a' ? 'ada' : 'bo',
      createdAtMicros: 1_772_360_430_000_000 + at,
    });
  }
  const first = await claimOne(consumer);
  expect(first.jobId).toBe('a1');
  expect((await claimOne(consumer, { workerId: 'worker-2' })).jobId).toBe('b1');
  await consumer.settle(first, { status: 'failed', error: 'x' });
  expect((await claimOne(consumer)).jobId).toBe('a2');
});

test('a next turn waits while its user is at the cap; it is neither lost nor spent', async () => {
  const consumer = createJobConsumer(rig.redis);
  await control({ caps: { everybody: 1, users: {} } });
  for (const [at, id] of ['a1', 'a2', 'b1'].entries())
    await submit(rig.redis, {
      id,
      userId: id[0] === 'a' ? 'ada' : 'bo',
      createdAtMicros: 1_772_360_430_000_000 + at,
    });
  const first = await claimOne(consumer);
  await control({ caps: { everybody: 1, users: {} }, nextTurn: 'ada' });
  expect((await claimOne(consumer, { workerId: 'worker-2' })).jobId).toBe('b1');
  expect(await rig.redis.get(keys.control)).toContain('"nextTurn":"ada"');
  await consumer.settle(first, { status: 'completed', result: {} });
  expect((await claimOne(consumer)).jobId).toBe('a2');
  expect(await rig.redis.get(keys.control)).toContain('"nextTurn":null');
});

test('caps that make no sense hold nobody up', async () => {
  const consumer = createJobConsumer(rig.redis);
  for (const [at, caps] of ['"3"', '[]', '{"everybody":"x","users":7}', '{"users":{"ada":null}}'].entries()) {
    await rig.redis.set(keys.control, `{"heldUsers":null,"caps":${caps},"lineCaps":${caps}}`);
    await submit(rig.redis, { id: `j${at}`, userId: 'ada' });
    expect(await claimAll(consumer)).toEqual([`j${at}`]);
  }
});

describe('a limit on the jobs of one person that stand in line', () => {
  interface Waiting {
    id: string;
    userId: string;
    priority: number;
    /** As in the queue, s. */
    score: number;
  }
  const startedSchema = z.object({
    type: z.literal('job_updated'),
    data: z.object({ id: z.string(), status: z.string(), started_at: z.string().nullable() }),
  });
  /** Now, as far as order goes: the dates of a test's jobs, in microseconds. */
  const submitAll = async (jobs: readonly { id: string; userId: string; priority?: 0 | 1 | 2 | 3 }[]) => {
    const base = Date.now() * 1000 - 600_000_000;
    const waiting: Waiting[] = [];
    for (const [at, { id, userId, priority = 2 }] of jobs.entries()) {
      await submit(rig.redis, { id, userId, priority, createdAtMicros: base + at * 1_000_000 });
      const score = Number(await rig.redis.zscore(keys.pending, id));
      waiting.push({ id, userId, priority, score });
    }
    return waiting.sort((a, b) => a.score - b.score);
  };
  /** The rule once more, in the plainest way. `starts` of each person, the latest first. */
  const nextOf = (
    waiting: readonly Waiting[],
    starts: ReadonlyMap<string, number[]>,
    { lineCaps, mode }: { lineCaps: Caps; mode: string },
  ): Waiting | undefined => {
    const ranks = new Map<string, number>();
    const line = waiting.flatMap((job) => {
      const rank = (ranks.get(job.userId) ?? 0) + 1;
      ranks.set(job.userId, rank);
      const limit = capOf(lineCaps, job.userId);
      if (limit === null) return [{ job, place: job.score }];
      if (rank > limit) return [];
      const letIn = starts.get(job.userId)?.[limit - rank];
      return [{ job, place: Math.max(job.score, letIn === undefined ? 0 : letIn + job.priority * 1e6) }];
    });
    if (mode === 'fair') {
      const load = (user: string) => starts.get(user)?.length ?? 0;
      return waiting.reduce((best, each) => (load(each.userId) < load(best.userId) ? each : best));
    }
    return line.sort((a, b) => a.place - b.place)[0]?.job;
  };

  test('is kept in every mode while eight workers on four connections claim: the order is as promised, nothing is lost', async () => {
    const consumers = Array.from({ length: 4 }, () => createJobConsumer(rig.server.client()));
    const cases = fc.record({
      mode: fc.constantFrom('fifo' as const, 'priority' as const, 'fair' as const),
      everybody: fc.option(fc.integer({ min: 1, max: 3 })),
      own: fc.dictionary(fc.constantFrom(...USERS), fc.integer({ min: 1, max: 3 })),
      held: fc.uniqueArray(fc.constantFrom<string>(...USERS), { maxLength: 1 }),
      jobs: fc.array(
        fc.record({
          userId: fc.oneof({ weight: 3, arbitrary: fc.constant('ada') }, fc.constantFrom(...USERS)),
          priority: fc.constantFrom(2 as const, 2 as const, 1 as const),
        }),
        { minLength: 1, maxLength: 24 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ mode, everybody, own, held, jobs }) => {
        await rig.redis.flushall();
        const lineCaps: Caps = { everybody, users: own };
        await control({ lineCaps, heldUsers: held });
        const all = await submitAll(jobs.map((job, at) => ({ ...job, id: `job-${at}` })));
        const waiting = all.filter(({ userId }) => !held.includes(userId));
        let served = 0;
        const work = async (consumer: (typeof consumers)[number], workerId: string) => {
          while (served < waiting.length) {
            const outcome = await consumer.claim({ ...REQUEST, mode, workerId });
            if (outcome.kind !== 'claimed') continue;
            served += 1;
            await consumer.settle(outcome.claim, { status: 'completed', result: {} });
          }
        };
        const servable = waiting.length;
        const story = await publishedDuring(rig, () =>
          Promise.all(
            consumers.flatMap((one, at) => [1, 2].map((slot) => work(one, `worker-${at}-${slot}`))),
          ),
        );
        const starts = new Map<string, number[]>();
        const started: string[] = [];
        const left = [...waiting];
        for (const text of story) {
          const { id, status, started_at } = startedSchema.parse(JSON.parse(text)).data;
          if (status !== 'running') continue;
          expect(id).toBe(nextOf(left, starts, { lineCaps, mode })?.id);
          const [job] = left.splice(
            left.findIndex((each) => each.id === id),
            1,
          );
          if (!job) throw new Error(`${id} started twice`);
          const at = priorityScore({ priority: 0, created_at: started_at ?? '' });
          starts.set(job.userId, [at, ...(starts.get(job.userId) ?? [])]);
          started.push(id);
        }
        expect(started).toHaveLength(servable);
        expect((await queues(rig.redis)).pending?.length ?? 0).toBe(all.length - servable);
      }),
      { numRuns: 40 },
    );
  });

  const hog = Array.from({ length: 6 }, (_, at) => ({ id: `a${at + 1}`, userId: 'ada' }));
  const others = ['b1', 'c1', 'd1'].map((id) => ({ id, userId: id }));

  test('twenty people are not blocked by one: further jobs join the end of the line when one of theirs starts', async () => {
    const consumer = createJobConsumer(rig.redis);
    await control({ lineCaps: { everybody: 2, users: {} } });
    await submitAll([...hog, ...others]);
    expect(await claimAll(consumer)).toEqual(['a1', 'a2', 'b1', 'c1', 'd1', 'a3', 'a4', 'a5', 'a6']);
  });

  test('set while somebody blocks the others, it helps at once', async () => {
    const consumer = createJobConsumer(rig.redis);
    await submitAll([...hog, ...others]);
    for (const id of ['a1', 'a2']) expect((await claimOne(consumer)).jobId).toBe(id);
    await control({ lineCaps: { everybody: null, users: { ada: 2 } } });
    expect(await claimAll(consumer)).toEqual(['b1', 'c1', 'd1', 'a3', 'a4', 'a5', 'a6']);
  });

  test('a job that is given back keeps its place, and a next turn is served whatever the line is', async () => {
    const consumer = createJobConsumer(rig.redis);
    await control({ lineCaps: { everybody: 1, users: {} } });
    await submitAll([...hog.slice(0, 2), ...others]);
    const first = await claimOne(consumer);
    await consumer.requeue(first, 'ComfyUI went away');
    expect((await claimOne(consumer)).jobId).toBe('a1');
    await control({ lineCaps: { everybody: 1, users: {} }, nextTurn: 'ada' });
    expect(await claimAll(consumer)).toEqual(['a2', 'b1', 'c1', 'd1']);
  });

  test('who is passed over for memory holds nobody up, and the jobs behind the line run when nobody else waits', async () => {
    const consumer = createJobConsumer(rig.redis);
    await control({ lineCaps: { everybody: 1, users: {} } });
    await submitAll([...hog.slice(0, 3), { id: 'b1', userId: 'bo' }]);
    for (const mode of MODES) {
      const claim = await claimOne(consumer, { mode, exclude: ['a1'] });
      expect(claim.jobId).toBe('b1');
      await consumer.requeue(claim, 'again', { uncounted: true });
    }
    for (const mode of MODES) {
      const claim = await claimOne(consumer, { mode, exclude: ['a1', 'b1'] });
      expect(claim.jobId).toBe('a2');
      await consumer.requeue(claim, 'again', { uncounted: true });
    }
  });
});
