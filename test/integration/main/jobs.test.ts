import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { openRedisWorkshop } from '../../../src-main/app/redis-workshop.ts';
import { createJobsService } from '../../../src-main/services/jobs.ts';
import type { OpenWorkshop } from '../../../src-main/services/settings.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { until } from './until.ts';

let redis: PrivateRedis;
let db: Redis;
let workshop: OpenWorkshop;
beforeAll(async () => {
  redis = await startPrivateRedis({ password: 'pw' });
  db = redis.client();
  workshop = openRedisWorkshop({
    name: 'w',
    host: '127.0.0.1',
    port: redis.port,
    password: 'pw',
    tls: false,
  });
  await workshop.answered();
});
afterAll(async () => {
  workshop.close();
  await redis.stop();
});
beforeEach(async () => void (await db.flushall()));

const jobs = createJobsService({
  queue: () => workshop.queue,
  lookup: () => workshop.lookup,
  places: { of: async () => ({ kind: 'no-way', why: '', remedy: '' }) },
});
const submit = (id: string, createdAtMicros = 1_772_360_430_000_000) =>
  submitAsQueueManager(db, {
    id,
    userId: 'user001',
    workflow: '{"1":{"class_type":"X","inputs":{}}}',
    priority: 2,
    createdAtMicros,
  });

async function becomes(id: string, status: string, queue: string): Promise<void> {
  const text = (await db.get(keys.job(id))) ?? '';
  await db.set(keys.job(id), text.replace('"status":"pending"', `"status":"${status}"`));
  await db.multi().zrem(keys.pending, id).zadd(queue, 1, id).exec();
}

test('a waiting job disappears as the platform’s own cancel makes it', async () => {
  await submit('a');
  expect(await jobs.cancel({ jobId: 'a' })).toEqual({ was: 'pending' });
  expect(await db.exists(keys.job('a'))).toBe(0);
  expect(await db.zcard(keys.pending)).toBe(0);
});

test('a cancelled job lies aside for a while and is found there; taken back, it stands in its old place', async () => {
  await submit('before', 1_772_360_429_000_000);
  await submit('mine');
  await submit('after', 1_772_360_431_000_000);
  const score = await db.zscore(keys.pending, 'mine');
  await jobs.cancel({ jobId: 'mine' });
  const aside = await jobs.find({ jobId: 'mine' });
  expect(aside.kind === 'withdrawn' && aside.leftMs > 14 * 60_000).toBe(true);
  // Queueing it again is another act: there is no ended job of that id.
  await expect(jobs.requeue({ jobId: 'mine' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await jobs.bulk({ jobIds: ['mine'], act: { kind: 'reinstate' } })).toEqual({
    ...{ done: ['mine'], refused: 0, why: [] },
  });
  expect(await db.zrange(keys.pending, '0', '-1')).toEqual(['before', 'mine', 'after']);
  expect(await db.zscore(keys.pending, 'mine')).toBe(score);
  expect(await db.ttl(keys.job('mine'))).toBe(-1);
});

test('what lies aside no more cannot be taken back, and the reason says for how long it could', async () => {
  await submit('late');
  await jobs.cancel({ jobId: 'late' });
  await db.del(keys.withdrawn('late'));
  expect(await jobs.find({ jobId: 'late' })).toEqual({ kind: 'gone' });
  expect(await jobs.bulk({ jobIds: ['late'], act: { kind: 'reinstate' } })).toEqual({
    ...{ done: [], refused: 1 },
    why: ['Job late is not kept any more. A cancellation can be taken back for 15 minutes.'],
  });
});

test('10,000 waiting jobs are cancelled at once and taken back, each into its old place', async () => {
  const ids = Array.from({ length: 10_000 }, (_, at) => `many-${at}`);
  await Promise.all(ids.map((id, at) => submit(id, 1_772_360_430_000_000 + ((at * 7919) % 10_000) * 1000)));
  const before = await db.zrange(keys.pending, '0', '-1', 'WITHSCORES');
  const cancelled = await jobs.bulk({ jobIds: ids, act: { kind: 'cancel' } });
  expect([cancelled.done.length, cancelled.refused]).toEqual([10_000, 0]);
  expect(await db.zcard(keys.pending)).toBe(0);
  const back = await jobs.bulk({ jobIds: cancelled.done, act: { kind: 'reinstate' } });
  expect([back.done.length, back.refused]).toEqual([10_000, 0]);
  expect(await db.zrange(keys.pending, '0', '-1', 'WITHSCORES')).toEqual(before);
}, 120_000);

test('a job is found by its id alone, with the queue it stands in', async () => {
  await submit('old');
  await becomes('old', 'completed', keys.completed);
  expect(await jobs.find({ jobId: 'old' })).toMatchObject({
    kind: 'job',
    job: { id: 'old', userId: 'user001', status: 'completed', queue: 'completed', score: 1 },
  });
});

test('a running job is marked cancelled and stays in running for its worker to clear', async () => {
  await submit('b');
  await becomes('b', 'running', keys.running);
  expect(await jobs.cancel({ jobId: 'b' })).toEqual({ was: 'running' });
  expect(await db.get(keys.job('b'))).toContain('"status":"cancelled"');
  expect(await db.zscore(keys.running, 'b')).not.toBeNull();
});

test('an ended or unknown job is refused with a sentence', async () => {
  await submit('c');
  await becomes('c', 'completed', keys.completed);
  await expect(jobs.cancel({ jobId: 'c' })).rejects.toMatchObject({
    code: 'WRONG_STATE',
    message: 'Job c is completed and cannot be cancelled.',
  });
  await expect(jobs.cancel({ jobId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('prioritising changes the place, not the text of the workflow', async () => {
  await submit('first');
  await submit('second', 1_772_360_431_000_000);
  await jobs.prioritise({ jobId: 'second', priority: 0 });
  expect(await db.zrange(keys.pending, '0', '-1')).toEqual(['second', 'first']);
  expect(await db.get(keys.job('second'))).toContain('"workflow":{"1":{"class_type":"X","inputs":{}}}');
  await becomes('first', 'running', keys.running);
  await expect(jobs.prioritise({ jobId: 'first', priority: 0 })).rejects.toMatchObject({
    code: 'WRONG_STATE',
  });
});

test('a failed job is queued again, a completed one is not', async () => {
  await submit('d');
  await becomes('d', 'failed', keys.failed);
  await jobs.requeue({ jobId: 'd' });
  expect(await db.zrange(keys.pending, '0', '-1')).toEqual(['d']);
  await becomes('d', 'completed', keys.completed);
  await expect(jobs.requeue({ jobId: 'd' })).rejects.toMatchObject({ code: 'WRONG_STATE' });
});

test('while the link is lost a click fails at once, with the reason, and leaves nothing behind', async () => {
  await submit('e');
  await redis.kill();
  await until('it is noticed', async () => {
    const failed: unknown = await jobs.cancel({ jobId: 'e' }).catch((cause: unknown) => cause);
    return failed instanceof Error && /Nothing accepts|closed the connection/.test(failed.message);
  });
  await redis.start();
  workshop.reconnectNow();
  await until('it is back', () =>
    workshop.control.time().then(
      () => true,
      () => false,
    ),
  );
});
