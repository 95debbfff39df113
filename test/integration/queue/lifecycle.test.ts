import { describe, expect, test } from 'vitest';
import { cancelAsQueueManager } from '../../../resources/demo/platform-cancel.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { createQueueConsole } from '../../../worker-agent/src/queue/queue-console.ts';
import {
  CREATED_AT_MICROS,
  claimAll,
  claimOne,
  jobText,
  publishedDuring,
  queueRig,
  queues,
  REQUEST,
  resending,
  submit,
  WORKFLOW,
} from './queue-rig.ts';

const rig = queueRig();

/** Six fraction digits, or none when they would be zero (contract 1.2). */
const DATE = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{6})?Z';
const ENVELOPE_DATE = `${DATE.slice(0, -1)}\\+00:00`;
const quote = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The whole job JSON as pydantic prints it: compact, all keys, this order. */
function jobPattern(members: {
  status: string;
  started: string;
  completed: string;
  worker: string;
  result: string;
  error: string;
  priority?: number;
}): RegExp {
  return new RegExp(
    `^${quote(`{"id":"job-1","user_id":"user007","workflow":${WORKFLOW},`)}` +
      `"status":"${members.status}","priority":${members.priority ?? 2},` +
      `"created_at":"2026-03-01T10:20:30\\.123400Z","started_at":${members.started},` +
      `"completed_at":${members.completed},"worker_id":${members.worker},"result":${quote(members.result)},` +
      `"error":${quote(members.error)},"metadata":\\{"batch_index":0\\}\\}$`,
  );
}

const untouched = { started: 'null', completed: 'null', worker: 'null', result: 'null', error: 'null' };
const pending = jobPattern({ status: 'pending', ...untouched });
const running = { ...untouched, started: `"${DATE}"`, worker: '"worker-1"' };
const submitOne = () => submit(rig.redis, { id: 'job-1', metadata: { batch_index: 0 } });
const score = 2_000_000 + CREATED_AT_MICROS / 1e6;

describe('what the platform finds after each transition (contract 1.2 to 1.8)', () => {
  test('claim', async () => {
    await submitOne();
    const before = Date.now() / 1000;
    const claim = await claimOne(createJobConsumer(rig.redis));
    expect(await jobText(rig.redis, 'job-1')).toMatch(jobPattern({ status: 'running', ...running }));
    expect(claim).toMatchObject({ jobId: 'job-1', attempt: 1, score });
    expect(claim.text.toString()).toBe(await jobText(rig.redis, 'job-1'));
    expect(await queues(rig.redis)).toEqual({ running: ['job-1'] });
    expect(Number(await rig.redis.zscore(keys.running, 'job-1'))).toBeGreaterThanOrEqual(before - 1);
    expect(await rig.redis.smembers(keys.userJobs('user007'))).toEqual(['job-1']);
  });

  test('completion', async () => {
    await submitOne();
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    const result = { prompt_id: 'job-1', outputs: { 9: { images: [] } } };
    expect(await consumer.settle(claim, { status: 'completed', result })).toEqual({
      ...{ kind: 'settled', status: 'completed' },
    });
    expect(await jobText(rig.redis, 'job-1')).toMatch(
      jobPattern({
        ...running,
        ...{ status: 'completed', completed: `"${DATE}"`, result: JSON.stringify(result) },
      }),
    );
    expect(await queues(rig.redis)).toEqual({ completed: ['job-1'] });
    expect(await rig.redis.get(keys.userCompleted('user007'))).toBe('1');
    expect(await rig.redis.hgetall(keys.served(new Date().toISOString().slice(0, 10)))).toEqual({
      user007: '1',
    });
  });

  test('failure', async () => {
    await submitOne();
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    await consumer.settle(claim, { status: 'failed', error: 'Node 3 failed: "x"\n' });
    expect(await jobText(rig.redis, 'job-1')).toMatch(
      jobPattern({
        ...running,
        ...{ status: 'failed', completed: `"${DATE}"`, error: '"Node 3 failed: \\"x\\"\\n"' },
      }),
    );
    expect(await queues(rig.redis)).toEqual({ failed: ['job-1'] });
    expect(await rig.redis.get(keys.userCompleted('user007'))).toBeNull();
  });

  test('cancellation of a running job keeps cancelled, leaves running and never enters failed', async () => {
    await submitOne();
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    expect(await createQueueConsole(rig.redis).cancelRunning('job-1')).toEqual({ kind: 'done' });
    expect(await jobText(rig.redis, 'job-1')).toMatch(jobPattern({ ...running, status: 'cancelled' }));
    expect(await queues(rig.redis)).toEqual({ running: ['job-1'] });
    expect(await consumer.renew([claim], 30_000)).toEqual(['cancelled']);
    expect(await consumer.status('job-1')).toBe('cancelled');
    expect(await consumer.settle(claim, { status: 'cancelled' })).toEqual({
      ...{ kind: 'settled', status: 'cancelled' },
    });
    expect(await jobText(rig.redis, 'job-1')).toMatch(
      jobPattern({ ...running, status: 'cancelled', completed: `"${DATE}"` }),
    );
    expect(await queues(rig.redis)).toEqual({ cancelled: ['job-1'] });
  });

  test.each([
    { status: 'completed', result: { outputs: {} } },
    { status: 'failed', error: 'boom' },
  ] as const)(
    '8.6 cancelled just before $status is written: cancelled stands, and only once',
    async (settlement) => {
      await submitOne();
      const consumer = createJobConsumer(rig.redis);
      const claim = await claimOne(consumer);
      await cancelAsQueueManager(rig.redis, 'job-1');
      expect(await consumer.settle(claim, settlement)).toEqual({ kind: 'overruled', status: 'cancelled' });
      expect(await jobText(rig.redis, 'job-1')).toMatch(
        jobPattern({ ...running, status: 'cancelled', completed: `"${DATE}"` }),
      );
      expect(await queues(rig.redis)).toEqual({ cancelled: ['job-1'] });
      expect(await rig.redis.get(keys.userCompleted('user007'))).toBeNull();
    },
  );

  test('requeue gives the submitted text and the old place back', async () => {
    await submitOne();
    const submitted = await jobText(rig.redis, 'job-1');
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    expect(await consumer.requeue(claim, 'ComfyUI died')).toBe('requeued');
    expect(await jobText(rig.redis, 'job-1')).toBe(submitted);
    expect(submitted).toMatch(pending);
    expect(Number(await rig.redis.zscore(keys.pending, 'job-1'))).toBe(score);
    expect(await queues(rig.redis)).toEqual({ pending: ['job-1'] });
    expect(await consumer.settle(claim, { status: 'completed', result: {} })).toEqual({ kind: 'fenced' });
    expect((await claimOne(consumer)).attempt).toBe(2);
  });

  test('a requeue that does not count leaves the attempt as it was', async () => {
    await submitOne();
    const consumer = createJobConsumer(rig.redis);
    await consumer.requeue(await claimOne(consumer), 'drained', { uncounted: true });
    expect((await claimOne(consumer)).attempt).toBe(1);
  });

  test('cancelling a waiting job removes every trace, as the platform does', async () => {
    await submitOne();
    const heard = await publishedDuring(rig, () => createQueueConsole(rig.redis).cancelPending('job-1'));
    // What stays is ours, for taking it back, and goes by itself.
    const left = await rig.redis.keys('*');
    expect(left.sort()).toEqual(['withdrawn:job-1', 'withdrawn:job-1:score']);
    for (const key of left) expect(await rig.redis.ttl(key)).toBeGreaterThan(0);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatch(
      new RegExp(`^\\{"type":"job_deleted","data":\\{"job_id":"job-1"\\},"timestamp":"${ENVELOPE_DATE}"\\}$`),
    );
  });

  test('each change is published with the full job (contract 1.6)', async () => {
    await submitOne();
    const consumer = createJobConsumer(rig.redis);
    const texts: string[] = [];
    const heard = await publishedDuring(rig, async () => {
      const first = await claimOne(consumer);
      texts.push(await jobText(rig.redis, 'job-1'));
      await consumer.requeue(first, 'x');
      texts.push(await jobText(rig.redis, 'job-1'));
      const second = await claimOne(consumer);
      texts.push(await jobText(rig.redis, 'job-1'));
      await consumer.settle(second, { status: 'completed', result: {} });
      texts.push(await jobText(rig.redis, 'job-1'));
    });
    expect(heard).toHaveLength(4);
    for (const [index, text] of texts.entries())
      expect(heard[index]).toMatch(
        new RegExp(`^\\{"type":"job_updated","data":${quote(text)},"timestamp":"${ENVELOPE_DATE}"\\}$`),
      );
  });

  test('a large job is published without its workflow', async () => {
    const workflow = `{"1":{"class_type":"X","inputs":{"text":"${'a'.repeat(300_000)}"}}}`;
    await submit(rig.redis, { id: 'job-1', workflow });
    const consumer = createJobConsumer(rig.redis);
    const heard = await publishedDuring(rig, async () => {
      await consumer.settle(await claimOne(consumer), { status: 'completed', result: { ok: true } });
    });
    const data = heard.map((message) => JSON.parse(message).data);
    expect(data.map(({ status, workflow: sent }) => [status, sent])).toEqual([
      ['running', {}],
      ['completed', {}],
    ]);
    expect(await jobText(rig.redis, 'job-1')).toContain(workflow);
  });
});

describe('a command that ioredis sends twice', () => {
  test('claims one job, completes it once, counts it once', async () => {
    for (const id of ['job-1', 'job-2']) await submit(rig.redis, { id });
    const consumer = createJobConsumer(resending(rig.redis));
    const claim = await claimOne(consumer);
    expect(await queues(rig.redis)).toEqual({ pending: ['job-2'], running: ['job-1'] });
    expect(claim).toMatchObject({ jobId: 'job-1', attempt: 1, score });
    expect(await consumer.renew([claim], 30_000)).toEqual(['renewed']);
    expect(await consumer.settle(claim, { status: 'completed', result: {} })).toEqual({
      ...{ kind: 'settled', status: 'completed' },
    });
    expect(await rig.redis.get(keys.userCompleted('user007'))).toBe('1');
    const second = await claimOne(consumer);
    expect(await consumer.requeue(second, 'x')).toBe('requeued');
    expect((await claimOne(consumer)).attempt).toBe(2);
  });

  test('takes a job in a foreign layout once', async () => {
    await rig.redis.set(
      'job:odd',
      `{ "workflow":{}, "id":"odd", "user_id":"u", "created_at":"2026-01-01T00:00:00Z" }`,
    );
    await rig.redis.zadd(keys.pending, 1, 'odd');
    const claim = await claimOne(createJobConsumer(resending(rig.redis)));
    expect(claim.attempt).toBe(1);
    expect(claim.text.toString()).toBe(await jobText(rig.redis, 'odd'));
    expect(await queues(rig.redis)).toEqual({ running: ['odd'] });
  });

  test('answers the console as the first did', async () => {
    for (const id of ['job-1', 'job-2']) await submit(rig.redis, { id });
    const host = createQueueConsole(resending(rig.redis));
    const consumer = createJobConsumer(rig.redis);
    expect(await host.prioritise('job-1', 0)).toEqual({ kind: 'done' });
    const claim = await claimOne(consumer);
    expect(await host.cancelRunning('job-1')).toEqual({ kind: 'done' });
    await consumer.settle(claim, { status: 'cancelled' });
    expect(await host.requeue('job-1')).toEqual({ kind: 'done' });
    expect(await claimAll(consumer, REQUEST)).toEqual(['job-1', 'job-2']);
  });
});
