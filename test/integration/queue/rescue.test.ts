import { pino } from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { rescueQueue } from '../../../worker-agent/src/agent/queue-rescue.ts';
import type { Rescuer } from '../../../worker-agent/src/agent/rescuer.ts';
import type { HostStatus } from '../../../worker-agent/src/contract/host.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { tidyEnded } from '../../../worker-agent/src/queue/rescue.ts';
import { claimOne, jobText, queueRig, queues, submit } from './queue-rig.ts';

const rig = queueRig();
const open: Rescuer[] = [];
afterEach(() => {
  for (const rescuer of open.splice(0)) rescuer.close();
});

/** A rescuer of an agent on host `other`, which looks all the time and waits for nothing. */
function rescuer(change: { graceMs?: number; instance?: string; mayRun?: () => boolean } = {}) {
  const events: string[] = [];
  const consumer = createJobConsumer(rig.redis);
  open.push(
    rescueQueue({
      redis: rig.redis,
      consumer,
      hostId: 'other',
      instance: change.instance ?? 'one',
      leases: { holds: () => false },
      adoptOwn: async () => {},
      mayRun: change.mayRun ?? (() => true),
      emit: (kind, message) => events.push(`${kind}: ${message}`),
      log: pino({ level: 'silent' }),
      timing: { surveyMs: 10, nowhereMs: 10, graceMs: change.graceMs ?? 0 },
    }),
  );
  return events;
}

/** An agent that says it runs this worker. */
async function knownWorker(workerId: string): Promise<void> {
  const status: HostStatus = {
    ...{ protocol: PROTOCOL_VERSION, hostId: 'gpu1', agentVersion: '0.1.0', instance: 'one' },
    ...{
      at: 1,
      startedAt: 1,
      nextWithinMs: 20_000,
      phase: 'running',
      runtime: 'external',
      queueMode: 'fifo',
    },
    ...{ desiredRevision: null, controlRevision: null, maxWorkers: 1, guardMiB: null },
    ...{ gpus: [], gpuError: null, vram: [] },
    workers: [
      {
        ...{ id: workerId, state: { kind: 'idle', since: 1 }, endpoint: null, comfyVersion: null },
        ...{ gpuIndex: null, completed: 0, failed: 0 },
      },
    ],
  };
  await rig.redis.set(keys.hostStatus('gpu1'), JSON.stringify(status));
  await rig.redis.sadd(keys.hosts, 'gpu1');
}

/** What the platform's next-job leaves when it crashes after the pop (contract 1.6): running in the text only. */
async function poppedByPlatform(id: string, worker = 'worker-1') {
  await submit(rig.redis, { id });
  await rig.redis.zrem(keys.pending, id);
  const text = (await jobText(rig.redis, id))
    .replace('"status":"pending"', '"status":"running"')
    .replace('"worker_id":null', `"worker_id":"${worker}"`);
  await rig.redis.set(keys.job(id), text);
}

/** At least one more full look has been taken. */
async function nextWalk(): Promise<void> {
  await submit(rig.redis, { id: 'probe' });
  await rig.redis.zrem(keys.pending, 'probe');
  await vi.waitFor(async () => expect(await rig.redis.zscore(keys.pending, 'probe')).not.toBeNull(), {
    timeout: 10_000,
  });
}

const becomes = (expected: Record<string, string[]>) =>
  vi.waitFor(async () => expect(await queues(rig.redis)).toEqual(expected), { timeout: 10_000 });

describe('lost jobs come back', () => {
  test('8.3 running in its text but in no queue: back in its place, clean', async () => {
    await poppedByPlatform('popped');
    const events = rescuer();
    await becomes({ pending: ['popped'] });
    expect(await jobText(rig.redis, 'popped')).toContain('"status":"pending"');
    expect(await jobText(rig.redis, 'popped')).toContain('"worker_id":null');
    expect(events.join()).toMatch(/job-rescued: Job popped stood in no queue; it is back in its place/);
  });

  test('waiting in its text but in no queue: back in its place', async () => {
    await submit(rig.redis, { id: 'first' });
    await submit(rig.redis, { id: 'second', createdAtMicros: Date.UTC(2026, 2, 2) * 1000 });
    await rig.redis.zrem(keys.pending, 'first');
    rescuer();
    await becomes({ pending: ['first', 'second'] });
  });

  test('a zombie without a live lease returns to its old place; the attempt counts', async () => {
    await submit(rig.redis, { id: 'zombie' });
    await submit(rig.redis, { id: 'later', createdAtMicros: Date.UTC(2026, 2, 2) * 1000 });
    const consumer = createJobConsumer(rig.redis);
    const dead = await claimOne(consumer, { leaseMs: 0 });
    expect(dead.jobId).toBe('zombie');
    const events = rescuer();
    await becomes({ pending: ['zombie', 'later'] });
    expect(events.join()).toContain('lost its worker');
    expect(await claimOne(consumer)).toMatchObject({ jobId: 'zombie', attempt: 2 });
    expect(await consumer.settle(dead, { status: 'completed', result: {} })).toEqual({ kind: 'fenced' });
  });

  test('a job that loses worker after worker is ended with a sentence', async () => {
    await submit(rig.redis, { id: 'poison' });
    const consumer = createJobConsumer(rig.redis);
    await claimOne(consumer, { leaseMs: 0 });
    await rig.redis.hset(keys.claim('poison'), 'attempt', 5);
    rescuer();
    await becomes({ failed: ['poison'] });
    expect(await jobText(rig.redis, 'poison')).toMatch(/went silent 5 times/);
  });

  test('in running without any claim, by a worker of ours or waiting in its text: back in its place', async () => {
    await poppedByPlatform('ours', 'gpu1-worker');
    await rig.redis.zadd(keys.running, 1, 'ours');
    await submit(rig.redis, { id: 'waiting', createdAtMicros: Date.UTC(2026, 2, 2) * 1000 });
    await rig.redis.zrem(keys.pending, 'waiting');
    await rig.redis.zadd(keys.running, 1, 'waiting');
    await knownWorker('gpu1-worker');
    const events = rescuer();
    await becomes({ pending: ['ours', 'waiting'] });
    expect(await jobText(rig.redis, 'ours')).toContain('"status":"pending"');
    await vi.waitFor(() => expect(events).toHaveLength(2), { timeout: 10_000 });
    expect(events.join()).toContain('in nobody’s hands; it is back in its place');
  });

  test('a zombie whose text was deleted or ended meanwhile is cleared, not looped', async () => {
    const consumer = createJobConsumer(rig.redis);
    for (const id of ['deleted', 'cancelled', 'failed']) {
      await submit(rig.redis, { id });
      await claimOne(consumer, { leaseMs: 0 });
    }
    await rig.redis.del(keys.job('deleted'));
    for (const status of ['cancelled', 'failed'])
      await rig.redis.set(
        keys.job(status),
        (await jobText(rig.redis, status)).replace('"status":"running"', `"status":"${status}"`),
      );
    rescuer();
    await becomes({ failed: ['failed'], cancelled: ['cancelled'] });
    expect(await rig.redis.hget(keys.deadLetter, 'deleted')).toContain('job key is missing');
    for (const id of ['deleted', 'failed']) expect(await rig.redis.hget(keys.claim(id), 'token')).toBeNull();
  });

  test('a zombie whose text cannot be read is set aside, its text untouched', async () => {
    await submit(rig.redis, { id: 'garbled' });
    await claimOne(createJobConsumer(rig.redis), { leaseMs: 0 });
    await rig.redis.set(keys.job('garbled'), '{"id":"garbled",');
    const events = rescuer();
    await becomes({});
    expect(await jobText(rig.redis, 'garbled')).toBe('{"id":"garbled",');
    expect(await rig.redis.hexists(keys.deadLetter, 'garbled')).toBe(1);
    await vi.waitFor(() => expect(events.join()).toContain('job-parked: Job garbled'), { timeout: 10_000 });
  });

  test('8.2 an id whose job key is gone is parked, not looped', async () => {
    await rig.redis.zadd(keys.running, 1, 'ghost');
    const events = rescuer();
    await becomes({});
    expect(await rig.redis.hget(keys.deadLetter, 'ghost')).toContain('job key is missing');
    expect(events.join()).toContain('was set aside');
  });
});

test('a job that was deleted as a whole after it was seen is not set aside', async () => {
  expect(await tidyEnded(rig.redis, 'deleted')).toBe('still');
  expect(await rig.redis.exists(keys.deadLetter)).toBe(0);
});

describe('queues are put right', () => {
  test('8.8 an ended job left in running leaves it, so that the platform’s sweep goes on', async () => {
    await poppedByPlatform('left');
    await rig.redis.set(
      keys.job('left'),
      (await jobText(rig.redis, 'left')).replace('"status":"running"', '"status":"failed"'),
    );
    await rig.redis.zadd(keys.running, 1, 'left');
    rescuer();
    await becomes({ failed: ['left'] });
  });

  test('done but unreported: completed in its text, still in running', async () => {
    await poppedByPlatform('done');
    await rig.redis.set(
      keys.job('done'),
      (await jobText(rig.redis, 'done')).replace('"status":"running"', '"status":"completed"'),
    );
    await rig.redis.zadd(keys.running, 1, 'done');
    rescuer();
    await becomes({ completed: ['done'] });
    // The platform's broken complete-job counts nothing (contract 1.6).
    expect(await rig.redis.get(keys.userCompleted('user007'))).toBe('1');
  });

  test('ended in its text and in no queue: put where it belongs, with its own date, counted by nobody', async () => {
    await poppedByPlatform('old');
    await rig.redis.set(
      keys.job('old'),
      (await jobText(rig.redis, 'old'))
        .replace('"status":"running"', '"status":"completed"')
        .replace('"completed_at":null', '"completed_at":"2026-03-01T10:25:00.500000Z"'),
    );
    rescuer();
    await becomes({ completed: ['old'] });
    expect(await rig.redis.zscore(keys.completed, 'old')).toBe(
      String(Date.UTC(2026, 2, 1, 10, 25) / 1000 + 0.5),
    );
    expect(await rig.redis.get(keys.userCompleted('user007'))).toBeNull();
  });

  test('a cancelled job that the platform left in running goes; those in no queue stay as they are', async () => {
    for (const id of ['left', 'done']) {
      await poppedByPlatform(id);
      await rig.redis.set(
        keys.job(id),
        (await jobText(rig.redis, id)).replace('"status":"running"', '"status":"cancelled"'),
      );
    }
    await rig.redis.zadd(keys.running, 1, 'left');
    const events = rescuer();
    await becomes({ cancelled: ['left'] });
    await nextWalk();
    expect(await queues(rig.redis)).toEqual({ pending: ['probe'], cancelled: ['left'] });
    expect(events.filter((event) => event.includes('done'))).toEqual([]);
  });

  test('an id in two queues stays in the one that its text names', async () => {
    await submit(rig.redis, { id: 'twice' });
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    await consumer.settle(claim, { status: 'completed', result: {} });
    await rig.redis.zadd(keys.failed, 1, 'twice');
    await rig.redis.zadd(keys.pending, 1, 'twice');
    rescuer();
    await becomes({ completed: ['twice'] });
  });

  test('a running job that waits as well loses its second place and runs on', async () => {
    await submit(rig.redis, { id: 'twin' });
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    await rig.redis.zadd(keys.pending, 1, 'twin');
    rescuer();
    await becomes({ running: ['twin'] });
    expect(await consumer.renew([claim], 30_000)).toEqual(['renewed']);
  });
});

describe('what is not ours is left alone', () => {
  test('a text that cannot be read is reported once and left', async () => {
    await rig.redis.set(keys.job('odd'), '{"id":"odd"');
    await rig.redis.zadd(keys.running, 1, 'odd');
    const events = rescuer();
    await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 10_000 });
    await nextWalk();
    expect(await queues(rig.redis)).toEqual({ pending: ['probe'], running: ['odd'] });
    expect(events.filter((event) => event.includes('odd'))).toEqual([
      expect.stringMatching(/^job-reported: Job odd stands in a queue and its text cannot be read/),
    ]);
  });

  test('8.23 a job of the platform’s own worker is reported once and stays', async () => {
    await poppedByPlatform('theirs', 'comfy-worker-1');
    await rig.redis.zadd(keys.running, Date.now() / 1000, 'theirs');
    const events = rescuer();
    await vi.waitFor(() => expect(events).toHaveLength(1), { timeout: 10_000 });
    await nextWalk();
    expect(await queues(rig.redis)).toEqual({ pending: ['probe'], running: ['theirs'] });
    expect(events.filter((event) => event.includes('theirs'))).toEqual([
      expect.stringMatching(/^job-reported: Job theirs is being run by comfy-worker-1/),
    ]);
  });

  test('a live claim is not touched', async () => {
    await submit(rig.redis, { id: 'live' });
    await claimOne(createJobConsumer(rig.redis));
    await poppedByPlatform('probe');
    rescuer();
    await becomes({ pending: ['probe'], running: ['live'] });
  });

  test('nothing is touched within the grace time', async () => {
    await poppedByPlatform('fresh');
    const consumer = createJobConsumer(rig.redis);
    await submit(rig.redis, { id: 'zombie' });
    await claimOne(consumer, { leaseMs: 0 });
    const events = rescuer({ graceMs: 3_600_000 });
    await becomes({ pending: ['zombie'] });
    expect(events).toHaveLength(1);
  });

  test('one rescuer at a time: the second waits for the lock', async () => {
    await rig.redis.set(keys.lock('rescue'), 'somebody else');
    await poppedByPlatform('popped');
    let looks = 0;
    const events = rescuer({ mayRun: () => ++looks > 0 });
    await vi.waitFor(() => expect(looks).toBeGreaterThan(5), { timeout: 10_000 });
    expect(events).toEqual([]);
    await rig.redis.del(keys.lock('rescue'));
    await becomes({ pending: ['popped'] });
  });
});
