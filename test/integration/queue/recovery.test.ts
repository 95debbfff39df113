import { describe, expect, test } from 'vitest';
import { cancelAsQueueManager } from '../../../resources/demo/platform-cancel.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { createQueueConsole } from '../../../worker-agent/src/queue/queue-console.ts';
import { inspectRunning, requeueExpired, takeOver } from '../../../worker-agent/src/queue/recovery.ts';
import { claimOne, jobText, queueRig, queues, REQUEST, resending, submit } from './queue-rig.ts';

const rig = queueRig();
const rescue = { hostId: 'h100', reason: 'lease ran out' };

describe('inspect running', () => {
  test('names the claim behind each id, and where there is none', async () => {
    for (const id of ['a', 'b', 'c']) await submit(rig.redis, { id });
    const consumer = createJobConsumer(rig.redis);
    const live = await claimOne(consumer);
    const dead = await claimOne(consumer, { workerId: 'worker-2', leaseMs: 0 });
    await rig.redis.zadd(keys.running, 5, 'platform');
    const { running, redisNow } = await inspectRunning(rig.redis);
    const common = { hostId: 'h100', userId: 'user007', attempt: 1 };
    expect(running.find(({ jobId }) => jobId === 'a')).toEqual({
      ...{ jobId: 'a', score: expect.any(Number), status: 'running' },
      claim: {
        ...{ ...common, jobId: 'a', token: live.token, workerId: 'worker-1', expired: false },
        until: live.claimedAt + 30_000,
      },
    });
    expect(running.find(({ jobId }) => jobId === 'b')?.claim).toMatchObject({
      ...{ ...common, token: dead.token, workerId: 'worker-2', expired: true },
    });
    expect(running.find(({ jobId }) => jobId === 'platform')).toEqual({
      ...{ jobId: 'platform', score: 5, status: null, claim: null },
    });
    expect(running).toHaveLength(3);
    expect(redisNow).toBeGreaterThanOrEqual(live.claimedAt);
  });
});

describe('take over', () => {
  test('a restarted agent carries on under a new token; the attempt stays', async () => {
    await submit(rig.redis, { id: 'job' });
    const before = createJobConsumer(rig.redis);
    const old = await claimOne(before);
    const text = await jobText(rig.redis, 'job');
    const taken = await takeOver(resending(rig.redis), 'job', old.token, REQUEST);
    if (taken.kind !== 'taken') throw new Error(taken.kind);
    expect(taken.claim).toMatchObject({ jobId: 'job', attempt: 1, score: old.score });
    expect(taken.claim.token).not.toBe(old.token);
    expect(await jobText(rig.redis, 'job')).toBe(text);
    const after = createJobConsumer(rig.redis);
    expect(await after.renew([taken.claim], 30_000)).toEqual(['renewed']);
    expect(await before.renew([old], 30_000)).toEqual(['lost']);
    expect(await after.settle(taken.claim, { status: 'completed', result: {} })).toMatchObject({
      kind: 'settled',
    });
  });

  test('only the claim that was seen, only what still exists, only expired when asked', async () => {
    await submit(rig.redis, { id: 'job' });
    const claim = await claimOne(createJobConsumer(rig.redis));
    const expired = { ...REQUEST, onlyExpired: true };
    expect(await takeOver(rig.redis, 'job', claim.token, expired)).toEqual({ kind: 'live' });
    expect(await takeOver(rig.redis, 'job', 'other', REQUEST)).toEqual({ kind: 'fenced' });
    expect(await takeOver(rig.redis, 'job', null, REQUEST)).toEqual({ kind: 'fenced' });
    expect(await takeOver(rig.redis, 'nobody', null, REQUEST)).toEqual({ kind: 'gone' });
    await createJobConsumer(rig.redis).settle(claim, { status: 'completed', result: {} });
    expect(await takeOver(rig.redis, 'job', null, REQUEST)).toEqual({ kind: 'fenced' });
    expect(await queues(rig.redis)).toEqual({ completed: ['job'] });
    await rig.redis.set(keys.job('bad'), 'x');
    expect(await takeOver(rig.redis, 'bad', null, REQUEST)).toMatchObject({ kind: 'unreadable' });
  });

  test('two rescuers: one wins', async () => {
    await submit(rig.redis, { id: 'job' });
    const claim = await claimOne(createJobConsumer(rig.redis), { leaseMs: 0 });
    const outcomes = await Promise.all(
      ['worker-2', 'worker-3'].map((workerId) =>
        takeOver(rig.server.client(), 'job', claim.token, { ...REQUEST, workerId, onlyExpired: true }),
      ),
    );
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['fenced', 'taken']);
  });
});

describe('requeue expired', () => {
  test('gives a dead agent’s job back to its old place', async () => {
    await submit(rig.redis, { id: 'job' });
    const text = await jobText(rig.redis, 'job');
    const dead = createJobConsumer(rig.redis);
    const claim = await claimOne(dead, { leaseMs: 0 });
    const consumer = createJobConsumer(rig.redis);
    expect(await requeueExpired(rig.redis, consumer, 'job', rescue)).toBe('requeued');
    expect(await jobText(rig.redis, 'job')).toBe(text);
    expect(Number(await rig.redis.zscore(keys.pending, 'job'))).toBe(claim.score);
    expect(await dead.settle(claim, { status: 'completed', result: {} })).toEqual({ kind: 'fenced' });
    expect((await claimOne(consumer)).attempt).toBe(2);
  });

  test('leaves a live one alone', async () => {
    await submit(rig.redis, { id: 'job' });
    const consumer = createJobConsumer(rig.redis);
    await claimOne(consumer);
    expect(await requeueExpired(rig.redis, consumer, 'job', rescue)).toBe('live');
    expect(await queues(rig.redis)).toEqual({ running: ['job'] });
    expect(await requeueExpired(rig.redis, consumer, 'nobody', rescue)).toBe('gone');
  });

  test('a job that was cancelled while its agent was dead ends as cancelled', async () => {
    await submit(rig.redis, { id: 'job' });
    const consumer = createJobConsumer(rig.redis);
    await claimOne(consumer, { leaseMs: 0 });
    await createQueueConsole(rig.redis).cancelRunning('job');
    expect(await requeueExpired(rig.redis, consumer, 'job', rescue)).toBe('cancelled');
    expect(await queues(rig.redis)).toEqual({ cancelled: ['job'] });
  });

  test('an agent that died between reserving and starting', async () => {
    await submit(rig.redis, { id: 'job' });
    const text = await jobText(rig.redis, 'job');
    await rig.redis.zrem(keys.pending, 'job');
    await rig.redis.zadd(keys.running, 1, 'job');
    await rig.redis.hset(keys.claim('job'), {
      token: 't',
      until: 1,
      score: '77.5',
      attempt: 1,
      worker: 'w',
      host: 'h',
    });
    const consumer = createJobConsumer(rig.redis);
    expect(await requeueExpired(rig.redis, consumer, 'job', rescue)).toBe('requeued');
    expect(await jobText(rig.redis, 'job')).toBe(text);
    expect(await rig.redis.zscore(keys.pending, 'job')).toBe('77.5');
  });

  test('a leftover that had ended leaves running and keeps its word', async () => {
    await submit(rig.redis, { id: 'job' });
    await rig.redis.set(
      keys.job('job'),
      (await jobText(rig.redis, 'job')).replace('"pending"', '"completed"'),
    );
    await rig.redis.zrem(keys.pending, 'job');
    await rig.redis.zadd(keys.running, 1, 'job');
    expect(await requeueExpired(rig.redis, createJobConsumer(rig.redis), 'job', rescue)).toBe('fenced');
    expect(await queues(rig.redis)).toEqual({ completed: ['job'] });
  });
});

describe('what stays behind', () => {
  test('after a day of jobs only expiring bookkeeping is left', async () => {
    const consumer = createJobConsumer(rig.redis);
    for (let i = 0; i < 30; i += 1) {
      await submit(rig.redis, { id: `job-${i}` });
      const claim = await claimOne(consumer);
      if (i % 3 === 0) await consumer.settle(claim, { status: 'completed', result: {} });
      else if (i % 3 === 1) await consumer.settle(claim, { status: 'failed', error: 'x' });
      else {
        await consumer.requeue(claim, 'x');
        await cancelAsQueueManager(rig.redis, claim.jobId);
      }
    }
    const ours = (await rig.redis.keys('*')).filter((key) => /^(claim|claim-of|served|lock):/.test(key));
    expect(ours.length).toBeGreaterThan(0);
    for (const key of ours) expect(await rig.redis.ttl(key), key).toBeGreaterThan(0);
  });
});
