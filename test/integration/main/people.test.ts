import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { openRedisWorkshop } from '../../../src-main/app/redis-workshop.ts';
import { createFleetService } from '../../../src-main/services/fleet.ts';
import { createJobsService } from '../../../src-main/services/jobs.ts';
import { createPeopleService } from '../../../src-main/services/people.ts';
import type { OpenWorkshop } from '../../../src-main/services/settings.ts';
import { createWorkshopWatch } from '../../../src-main/services/watch-workshop.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { until } from './until.ts';

let redis: PrivateRedis;
let db: Redis;
let workshop: OpenWorkshop;
const watch = createWorkshopWatch();
beforeAll(async () => {
  redis = await startPrivateRedis({ password: 'pw' });
  db = redis.client();
  const address = { name: 'w', host: '127.0.0.1', port: redis.port, password: 'pw', tls: false };
  workshop = openRedisWorkshop(address);
  await workshop.answered();
  watch.turnTo(workshop);
});
afterAll(async () => {
  watch.close();
  workshop.close();
  await redis.stop();
});
beforeEach(async () => void (await db.flushall()));

const jobs = createJobsService({
  queue: () => workshop.queue,
  lookup: () => workshop.lookup,
  places: { of: async () => ({ kind: 'no-way', why: '', remedy: '' }) },
});
const peopleOf = (by: string) =>
  createPeopleService({ control: () => workshop.control, now: () => watch.now, jobs, by: () => by });
const people = peopleOf('ada@laptop');
const control = async () => JSON.parse((await db.get(keys.control)) ?? 'null');
const submit = (id: string, userId: string, at = 0) =>
  submitAsQueueManager(db, {
    ...{ id, userId, workflow: '{"1":{"class_type":"X","inputs":{}}}', priority: 2 },
    createdAtMicros: 1_772_360_430_000_000 + at,
  });

test('orders about people stand beside each other, whoever gives them and however close together', async () => {
  const other = peopleOf('bo@laptop');
  await Promise.all([
    people.hold({ userId: 'user001', held: true }),
    other.hold({ userId: 'user002', held: true }),
    people.cap({ userId: null, cap: 2, was: null }),
    other.cap({ userId: 'user003', cap: 1, was: null }),
    people.nextTurn({ userId: 'user004', was: null }),
  ]);
  const stands = await control();
  expect(stands).toMatchObject({ revision: 5, nextTurn: 'user004' });
  expect(stands.heldUsers.toSorted()).toEqual(['user001', 'user002']);
  expect(stands.caps).toEqual({ everybody: 2, users: { user003: 1 } });
  await people.hold({ userId: 'user001', held: false });
  await other.cap({ userId: 'user003', cap: null, was: 1 });
  expect(await control()).toMatchObject({ heldUsers: ['user002'], caps: { everybody: 2, users: {} } });
  const story = await db.xrange(keys.events, '-', '+');
  expect(JSON.stringify(story)).toContain('user003 runs at most 1 job at once.');
});

test('holding the queue and choosing its order keep the orders about people', async () => {
  await people.cap({ userId: 'user003', cap: 1, was: null });
  await people.lineCap({ userId: null, cap: 2, was: null });
  await expect(peopleOf('bo').lineCap({ userId: null, cap: 4, was: null })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('Everybody without a limit of their own has at most 2 jobs in line'),
  });
  expect(await control()).toMatchObject({ lineCaps: { everybody: 2, users: {} } });
  const fleet = createFleetService({
    control: () => workshop.control,
    now: () => watch.now,
    by: () => 'ada',
  });
  await fleet.holdQueue({ held: true, revision: 2 });
  await fleet.setMode({ mode: 'fair', revision: 3 });
  expect(await control()).toMatchObject({
    ...{ held: true, mode: 'fair', caps: { users: { user003: 1 } }, lineCaps: { everybody: 2 } },
  });
});

test('two hosts that answer the same question differently: the second one is told who was faster', async () => {
  await people.cap({ userId: 'user001', cap: 3, was: null });
  await expect(peopleOf('bo').cap({ userId: 'user001', cap: 1, was: null })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('ada@laptop changed it meanwhile: user001 runs at most 3 jobs at once'),
  });
  await people.nextTurn({ userId: 'user001', was: null });
  await expect(peopleOf('bo').nextTurn({ userId: 'user002', was: null })).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect((await control()).nextTurn).toBe('user001');
  // Served meanwhile: nothing is taken away from anybody.
  await submit('x', 'user001');
  await createJobConsumer(db).claim({ hostId: 'h', workerId: 'w', mode: 'fifo', leaseMs: 1000 });
  await peopleOf('bo').nextTurn({ userId: 'user002', was: 'user001' });
  expect((await control()).nextTurn).toBe('user002');
});

test('all waiting jobs of one person go and come back in their old places; what runs goes on', async () => {
  for (const [at, id] of ['a1', 'b1', 'a2', 'a3'].entries())
    await submit(id, id[0] === 'a' ? 'user001' : 'user002', at);
  const claimed = await createJobConsumer(db).claim({
    hostId: 'h',
    workerId: 'w',
    mode: 'fifo',
    leaseMs: 9000,
  });
  expect(claimed).toMatchObject({ kind: 'claimed', claim: { jobId: 'a1' } });
  await until(
    'the queue is read',
    () => watch.now.counts?.pending === 3 && Object.keys(watch.now.jobs).length === 4,
  );
  const receipt = await people.cancelWaiting({ userId: 'user001' });
  expect({ ...receipt, done: receipt.done.toSorted() }).toEqual({ done: ['a2', 'a3'], refused: 0, why: [] });
  expect(await db.zrange(keys.pending, 0, '-1')).toEqual(['b1']);
  expect(await db.zrange(keys.running, 0, '-1')).toEqual(['a1']);
  await jobs.bulk({ jobIds: receipt.done, act: { kind: 'reinstate' } });
  expect(await db.zrange(keys.pending, 0, '-1')).toEqual(['b1', 'a2', 'a3']);
});

test('one act on many jobs: what refuses is counted and explained, the others are done', async () => {
  for (const id of ['p1', 'p2', 'p3']) await submit(id, 'user001');
  const consumer = createJobConsumer(db);
  const first = await consumer.claim({ hostId: 'h', workerId: 'w', mode: 'fifo', leaseMs: 9000 });
  if (first.kind !== 'claimed') throw new Error('nothing was claimed');
  const cancel = await jobs.bulk({ jobIds: ['p1', 'p2', 'p3', 'p2', '../x'], act: { kind: 'cancel' } });
  // The running one is not interrupted by a click that meant the waiting.
  expect(cancel).toMatchObject({ refused: 2 });
  expect(cancel.done.toSorted()).toEqual(['p2', 'p3']);
  expect(cancel.why.join(' ')).toContain('p1 is running and cannot be cancelled');
  await consumer.settle(first.claim, { status: 'failed', error: 'x' });
  const back = await jobs.bulk({ jobIds: ['p1'], act: { kind: 'requeue' } });
  expect(back).toEqual({ done: ['p1'], refused: 0, why: [] });
  await jobs.bulk({ jobIds: ['p1'], act: { kind: 'prioritise', priority: 0 } });
  expect(await db.get(keys.job('p1'))).toContain('"priority":0');
});

test('10,000 waiting jobs are listed and cancelled in one act', async () => {
  const batch = db.pipeline();
  const text = (id: string) =>
    `{"id":"${id}","user_id":"user001","workflow":{},"status":"pending","priority":2,"created_at":"2026-03-01T10:20:30Z","started_at":null,"completed_at":null,"worker_id":null,"result":null,"error":null,"metadata":{}}`;
  for (let at = 0; at < 10_000; at += 1)
    batch.set(keys.job(`j${at}`), text(`j${at}`)).zadd(keys.pending, at, `j${at}`);
  await batch.exec();
  await until('the list is whole', () => Object.keys(watch.now.jobs).length === 10_000);
  const receipt = await people.cancelWaiting({ userId: 'user001' });
  expect(receipt).toMatchObject({ refused: 0, why: [] });
  expect(receipt.done).toHaveLength(10_000);
  expect(await db.zcard(keys.pending)).toBe(0);
});
