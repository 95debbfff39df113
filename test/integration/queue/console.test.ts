import { describe, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { createQueueConsole } from '../../../worker-agent/src/queue/queue-console.ts';
import { writeIfRevision } from '../../../worker-agent/src/queue/revision.ts';
import { CREATED_AT_MICROS, claimOne, jobText, queueRig, queues, submit } from './queue-rig.ts';

const rig = queueRig();
const done = { kind: 'done' };
const wrong = (status: string) => ({ kind: 'wrong-state', status });

async function prepared() {
  await submit(rig.redis, { id: 'job' });
  return { host: createQueueConsole(rig.redis), consumer: createJobConsumer(rig.redis) };
}

describe('prioritise', () => {
  test('JSON and score move together, with the microseconds (contract 1.4)', async () => {
    const { host } = await prepared();
    const before = await jobText(rig.redis, 'job');
    expect(await host.prioritise('job', 0)).toEqual(done);
    expect(await jobText(rig.redis, 'job')).toBe(before.replace('"priority":2', '"priority":0'));
    expect(Number(await rig.redis.zscore(keys.pending, 'job'))).toBe(CREATED_AT_MICROS / 1e6);
    expect(await host.prioritise('job', 3)).toEqual(done);
    expect(Number(await rig.redis.zscore(keys.pending, 'job'))).toBe(3_000_000 + CREATED_AT_MICROS / 1e6);
  });

  test('a job that requeues keeps the place it was given', async () => {
    const { host, consumer } = await prepared();
    await host.prioritise('job', 0);
    await consumer.requeue(await claimOne(consumer), 'x');
    expect(Number(await rig.redis.zscore(keys.pending, 'job'))).toBe(CREATED_AT_MICROS / 1e6);
  });

  test('refuses what does not wait', async () => {
    const { host, consumer } = await prepared();
    const claim = await claimOne(consumer);
    expect(await host.prioritise('job', 0)).toEqual(wrong('running'));
    await consumer.settle(claim, { status: 'failed', error: 'x' });
    expect(await host.prioritise('job', 0)).toEqual(wrong('failed'));
    expect(await host.prioritise('nobody', 0)).toEqual({ kind: 'not-found' });
    await submit(rig.redis, { id: 'lost' });
    await rig.redis.zrem(keys.pending, 'lost');
    expect(await host.prioritise('lost', 0)).toEqual(wrong('pending'));
  });
});

describe('taking a cancellation back', () => {
  test('the job waits again with its own bytes, in its old place, and stays for good', async () => {
    const { host } = await prepared();
    await host.prioritise('job', 3);
    const text = await jobText(rig.redis, 'job');
    const score = await rig.redis.zscore(keys.pending, 'job');
    expect(await host.cancelPending('job')).toEqual(done);
    expect(await rig.redis.exists(keys.job('job'))).toBe(0);
    expect(await rig.redis.ttl(keys.withdrawn('job'))).toBeGreaterThan(600);
    expect(await host.reinstate('job')).toEqual(done);
    expect(await jobText(rig.redis, 'job')).toBe(text);
    expect(await rig.redis.zscore(keys.pending, 'job')).toBe(score);
    expect(await rig.redis.sismember(keys.userJobs('user007'), 'job')).toBe(1);
    expect(await rig.redis.ttl(keys.job('job'))).toBe(-1);
    expect(await rig.redis.keys('withdrawn:*')).toEqual([]);
    // Sent again after a lost answer, and after a worker took it.
    expect(await host.reinstate('job')).toEqual(done);
    await claimOne(createJobConsumer(rig.redis));
    expect(await host.reinstate('job')).toEqual(done);
    expect(await queues(rig.redis)).toEqual({ running: ['job'] });
  });

  test('what was never cancelled here, or too long ago, is not there to take back', async () => {
    const { host } = await prepared();
    expect(await host.reinstate('nobody')).toEqual({ kind: 'not-found' });
    await host.cancelPending('job');
    await rig.redis.del(keys.withdrawn('job'));
    expect(await host.reinstate('job')).toEqual({ kind: 'not-found' });
    expect(await rig.redis.zcard(keys.pending)).toBe(0);
  });

  test('one that stood in no queue goes behind the waiting of its priority', async () => {
    const { host } = await prepared();
    await submit(rig.redis, { id: 'lost' });
    await rig.redis.zrem(keys.pending, 'lost');
    await host.cancelPending('lost');
    expect(await host.reinstate('lost')).toEqual(done);
    expect(await rig.redis.zrange(keys.pending, 0, '-1')).toEqual(['job', 'lost']);
  });
});

describe('cancel', () => {
  test('refuses what is in another state', async () => {
    const { host, consumer } = await prepared();
    expect(await host.cancelRunning('job')).toEqual(wrong('pending'));
    const claim = await claimOne(consumer);
    expect(await host.cancelPending('job')).toEqual(wrong('running'));
    await consumer.settle(claim, { status: 'completed', result: {} });
    expect(await host.cancelPending('job')).toEqual(wrong('completed'));
    expect(await host.cancelRunning('job')).toEqual(wrong('completed'));
    expect(await host.cancelPending('nobody')).toEqual({ kind: 'not-found' });
    expect(await host.cancelRunning('nobody')).toEqual({ kind: 'not-found' });
  });

  test('a reserved job counts as running', async () => {
    const { host } = await prepared();
    await rig.redis.hset(keys.claim('job'), { token: 't', until: Date.now() + 60_000 });
    expect(await host.cancelPending('job')).toEqual(wrong('running'));
  });

  test('an id without a job key leaves the queue', async () => {
    await rig.redis.zadd(keys.pending, 1, 'ghost');
    const host = createQueueConsole(rig.redis);
    expect(await host.cancelPending('ghost')).toEqual(done);
    expect(await host.cancelPending('ghost')).toEqual({ kind: 'not-found' });
    expect(await queues(rig.redis)).toEqual({});
  });

  test('an unreadable job is refused and left as it is', async () => {
    await rig.redis.set(keys.job('bad'), '{"id":"bad"');
    await rig.redis.hset(keys.job('hash'), 'a', '1');
    const host = createQueueConsole(rig.redis);
    for (const id of ['bad', 'hash']) {
      expect(await host.cancelPending(id)).toEqual(wrong('unreadable'));
      expect(await host.requeue(id)).toEqual(wrong('unreadable'));
    }
    expect(await jobText(rig.redis, 'bad')).toBe('{"id":"bad"');
  });
});

describe('requeue', () => {
  test.each(['failed', 'cancelled'] as const)(
    'a %s job waits again in its old place, as if just submitted',
    async (status) => {
      const { host, consumer } = await prepared();
      const submitted = await jobText(rig.redis, 'job');
      const claim = await claimOne(consumer);
      await consumer.settle(
        claim,
        status === 'failed' ? { status, error: 'x', result: { a: 1 } } : { status },
      );
      expect(await queues(rig.redis)).toEqual({ [status]: ['job'] });
      expect(await host.requeue('job')).toEqual(done);
      expect(await jobText(rig.redis, 'job')).toBe(submitted);
      expect(Number(await rig.redis.zscore(keys.pending, 'job'))).toBe(2_000_000 + CREATED_AT_MICROS / 1e6);
      expect(await queues(rig.redis)).toEqual({ pending: ['job'] });
      // The old holder is fenced, and attempts start anew.
      expect(await consumer.settle(claim, { status: 'completed', result: {} })).toEqual({ kind: 'fenced' });
      expect((await claimOne(consumer)).attempt).toBe(1);
    },
  );

  test('a job that stands nowhere', async () => {
    const { host, consumer } = await prepared();
    await rig.redis.zrem(keys.pending, 'job');
    expect(await host.requeue('job')).toEqual(done);
    await claimOne(consumer, { leaseMs: 0 });
    await rig.redis.zrem(keys.running, 'job');
    expect(await host.requeue('job')).toEqual(done);
    expect((await claimOne(consumer)).attempt).toBe(1);
  });

  test('a parked job that was mended', async () => {
    const { host, consumer } = await prepared();
    const text = await jobText(rig.redis, 'job');
    await rig.redis.set(keys.job('job'), text.slice(0, -1));
    expect(await consumer.claim({ hostId: 'h', workerId: 'w', mode: 'fifo', leaseMs: 1000 })).toMatchObject({
      kind: 'parked',
    });
    await rig.redis.set(keys.job('job'), text);
    expect(await host.requeue('job')).toEqual(done);
    expect(await rig.redis.exists(keys.deadLetter)).toBe(0);
    expect((await claimOne(consumer)).jobId).toBe('job');
  });

  test('refuses what waits, runs or is completed', async () => {
    const { host, consumer } = await prepared();
    expect(await host.requeue('job')).toEqual(wrong('pending'));
    const claim = await claimOne(consumer);
    expect(await host.requeue('job')).toEqual(wrong('running'));
    await host.cancelRunning('job');
    // Its worker is still stopping it.
    expect(await host.requeue('job')).toEqual(wrong('running'));
    await consumer.settle(claim, { status: 'cancelled' });
    await submit(rig.redis, { id: 'job-2' });
    await consumer.settle(await claimOne(consumer), { status: 'completed', result: {} });
    expect(await host.requeue('job-2')).toEqual(wrong('completed'));
  });
});

describe('texts that are not in the platform’s layout', () => {
  test('are edited as well', async () => {
    const text = `{ "status" : "pending", "created_at": "2026-01-01 00:00:00.5+02:00", "id": "odd", "user_id": "u", "priority": 2,
      "workflow": { "n": {"status":"pending"} } }`;
    await rig.redis.set(keys.job('odd'), text);
    await rig.redis.zadd(keys.pending, 1, 'odd');
    const host = createQueueConsole(rig.redis);
    expect(await host.prioritise('odd', 1)).toEqual(done);
    expect(await jobText(rig.redis, 'odd')).toBe(text.replace('"priority": 2', '"priority": 1'));
    expect(Number(await rig.redis.zscore(keys.pending, 'odd'))).toBe(
      1_000_000 + Date.UTC(2025, 11, 31, 22) / 1000 + 0.5,
    );
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    expect(await consumer.renew([claim], 1000)).toEqual(['renewed']);
    expect(await host.cancelRunning('odd')).toEqual(done);
    expect(await consumer.renew([claim], 1000)).toEqual(['cancelled']);
    expect(await consumer.status('odd')).toBe('cancelled');
    await consumer.settle(claim, { status: 'cancelled' });
    expect(await host.requeue('odd')).toEqual(done);
    expect(await host.cancelPending('odd')).toEqual(done);
    expect(await rig.redis.exists(keys.job('odd'))).toBe(0);
  });
});

describe('write if revision', () => {
  const key = keys.hostDesired('h100');
  test('first, next, conflict, and the same again', async () => {
    const one = { revision: 1, workers: 1 };
    expect(await writeIfRevision(rig.redis, key, null, one)).toEqual({ kind: 'written' });
    expect(await writeIfRevision(rig.redis, key, null, one)).toEqual({ kind: 'written' });
    expect(await writeIfRevision(rig.redis, key, null, { revision: 1, workers: 9 })).toEqual({
      ...{ kind: 'conflict', present: JSON.stringify(one) },
    });
    expect(await writeIfRevision(rig.redis, key, 1, { revision: 2 })).toEqual({ kind: 'written' });
    expect(
      await writeIfRevision(rig.redis, key, 1, { revision: 2, x: 1 } as { revision: number }),
    ).toMatchObject({
      kind: 'conflict',
    });
    await rig.redis.del(key);
    expect(await writeIfRevision(rig.redis, key, 2, { revision: 3 })).toEqual({
      kind: 'conflict',
      present: null,
    });
  });

  test('a document that cannot be read can be written over', async () => {
    await rig.redis.set(key, 'garbage');
    expect(await writeIfRevision(rig.redis, key, 4, { revision: 5 })).toMatchObject({ kind: 'conflict' });
    expect(await writeIfRevision(rig.redis, key, null, { revision: 1 })).toEqual({ kind: 'written' });
  });
});
