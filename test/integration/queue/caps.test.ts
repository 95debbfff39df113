import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Caps, capOf } from '../../../worker-agent/src/contract/desired.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { claimAll, claimOne, publishedDuring, queueRig, queues, REQUEST, submit } from './queue-rig.ts';

const rig = queueRig();
const USERS = ['ada', 'bo', 'cy', 'di'] as const;
const MODES = ['fifo', 'priority', 'round_robin', 'fair'] as const;

const control = (changes: { caps?: Caps; heldUsers?: string[]; nextTurn?: string | null }) =>
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
    await rig.redis.set(keys.control, `{"heldUsers":null,"caps":${caps}}`);
    await submit(rig.redis, { id: `j${at}`, userId: 'ada' });
    expect(await claimAll(consumer)).toEqual([`j${at}`]);
  }
});
