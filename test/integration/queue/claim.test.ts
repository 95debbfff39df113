import { describe, expect, test } from 'vitest';
import { platformJobText } from '../../../resources/demo/platform-job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import {
  CREATED_AT_MICROS,
  claimAll,
  claimOne,
  jobText,
  queueRig,
  queues,
  REQUEST,
  submit,
  WORKFLOW,
} from './queue-rig.ts';

const rig = queueRig();

const control = (changes: Record<string, unknown>) =>
  rig.redis.set(
    keys.control,
    JSON.stringify({
      ...{ protocol: 1, revision: 7, at: 1_795_000_000_000, by: 'laptop "nextTurn":"x"' },
      ...{ held: false, mode: null, heldUsers: [], nextTurn: null, ...changes },
    }),
  );

/** Submits jobs in this order, a second apart, with the same priority unless given. */
async function submitAll(...jobs: { id: string; userId: string; priority?: 0 | 1 | 2 | 3 }[]) {
  for (const [index, job] of jobs.entries())
    await submit(rig.redis, { ...job, createdAtMicros: CREATED_AT_MICROS + index * 1e6 });
}

const users = (...ids: string[]) => ids.map((id) => ({ id, userId: `user-${id[0]}` }));

describe('order (contract 1.4, 1.5)', () => {
  test('lowest score first: priority wins, then age; ties by id', async () => {
    await submitAll(
      { id: 'low', userId: 'u', priority: 3 },
      { id: 'old', userId: 'u' },
      { id: 'young', userId: 'u' },
      { id: 'high', userId: 'u', priority: 1 },
    );
    await submit(rig.redis, { id: 'tie-b', priority: 0 });
    await submit(rig.redis, { id: 'tie-a', priority: 0 });
    expect(await claimAll(createJobConsumer(rig.redis))).toEqual([
      ...['tie-a', 'tie-b', 'high', 'old', 'young', 'low'],
    ]);
  });

  test('round robin counts completed jobs only, as the platform does', async () => {
    const consumer = createJobConsumer(rig.redis);
    const mode = 'round_robin' as const;
    // The contract's two examples.
    await submitAll(...users('z1', 'x1', 'x2', 'y1'));
    expect(await claimAll(consumer, { mode })).toEqual(['z1', 'x1', 'x2', 'y1']);
    await rig.redis.flushall();
    await submitAll(...users('z1', 'x1', 'x2', 'y1'));
    expect(
      await claimAll(consumer, { mode }, (claim) =>
        consumer.settle(claim, { status: 'completed', result: {} }),
      ),
    ).toEqual(['z1', 'x1', 'y1', 'x2']);
  });

  test('round robin counts a job that was executed and whose end is not written yet', async () => {
    const consumer = createJobConsumer(rig.redis);
    await submitAll(...users('x1', 'x2', 'y1'));
    const order = await claimAll(consumer, { mode: 'round_robin' }, (claim) => consumer.executed(claim));
    expect(order).toEqual(['x1', 'y1', 'x2']);
  });

  test('round robin looks past a page of ids for the user with the fewest', async () => {
    await submitAll(
      ...Array.from({ length: 600 }, (_, i) => ({ id: `a${String(i).padStart(3, '0')}`, userId: 'a' })),
    );
    await submit(rig.redis, { id: 'b', userId: 'b', createdAtMicros: CREATED_AT_MICROS + 1e12 });
    await rig.redis.set(keys.userCompleted('a'), '3');
    await rig.redis.set(keys.userCompleted('b'), '2');
    const claim = await claimOne(createJobConsumer(rig.redis), { mode: 'round_robin' });
    expect(claim.jobId).toBe('b');
  });

  test('fair also counts running jobs', async () => {
    await submitAll(...users('x1', 'x2', 'x3', 'y1', 'z1'));
    const consumer = createJobConsumer(rig.redis);
    expect(await claimAll(consumer, { mode: 'fair' })).toEqual(['x1', 'y1', 'z1', 'x2', 'x3']);
  });

  test('fair counts today, and forgets yesterday', async () => {
    await submitAll(...users('x1', 'y1'));
    const today = new Date().toISOString().slice(0, 10);
    const yesterday = new Date(Date.now() - 864e5).toISOString().slice(0, 10);
    await rig.redis.hset(keys.served(yesterday), 'user-y', 9);
    await rig.redis.hset(keys.served(today), 'user-x', 1);
    await rig.redis.set(keys.userCompleted('user-y'), '50');
    expect(await claimAll(createJobConsumer(rig.redis), { mode: 'fair' })).toEqual(['y1', 'x1']);
  });

  test('excluded ids are passed over and keep their place', async () => {
    await submitAll(...users('x1', 'x2', 'x3'));
    const consumer = createJobConsumer(rig.redis);
    expect(await claimAll(consumer, { exclude: ['x1', 'x2'] })).toEqual(['x3']);
    expect(await queues(rig.redis)).toEqual({ pending: ['x1', 'x2'], running: ['x3'] });
  });
});

describe('control', () => {
  test('held: nobody claims', async () => {
    await submitAll(...users('x1'));
    await control({ held: true });
    expect(await createJobConsumer(rig.redis).claim(REQUEST)).toEqual({ kind: 'held' });
    await control({ held: false });
    expect((await claimOne(createJobConsumer(rig.redis))).jobId).toBe('x1');
  });

  test('held users are passed over in every mode', async () => {
    for (const mode of ['fifo', 'priority', 'round_robin', 'fair'] as const) {
      await rig.redis.flushall();
      await control({ heldUsers: ['user-x'] });
      await submitAll(...users('x1', 'y1', 'x2', 'z1'));
      expect(await claimAll(createJobConsumer(rig.redis), { mode })).toEqual(['y1', 'z1']);
    }
  });

  test('the mode of the control overrides the agent’s', async () => {
    await submitAll(...users('x1', 'x2', 'y1'));
    await control({ mode: 'fair' });
    expect(await claimAll(createJobConsumer(rig.redis), { mode: 'fifo' })).toEqual(['x1', 'y1', 'x2']);
  });

  test('next turn goes first once, and only its own members of the control change', async () => {
    await submitAll(...users('x1', 'y1', 'y2'));
    await control({ nextTurn: 'user-y', heldUsers: [] });
    const before = JSON.parse((await rig.redis.get(keys.control)) ?? '');
    expect(await claimAll(createJobConsumer(rig.redis))).toEqual(['y1', 'x1', 'y2']);
    const after = JSON.parse((await rig.redis.get(keys.control)) ?? '');
    expect(after).toEqual({ ...before, nextTurn: null, revision: 8 });
  });

  test('next turn of somebody without waiting jobs stays for later', async () => {
    await submitAll(...users('x1'));
    await control({ nextTurn: 'user-y' });
    const consumer = createJobConsumer(rig.redis);
    expect((await claimOne(consumer)).jobId).toBe('x1');
    await submitAll(...users('x2', 'y1'));
    expect((await claimOne(consumer)).jobId).toBe('y1');
  });

  test('a control that cannot be read holds nobody up', async () => {
    await submitAll(...users('x1', 'x2'));
    await rig.redis.set(keys.control, '{"held":tr');
    expect((await claimOne(createJobConsumer(rig.redis))).jobId).toBe('x1');
    await rig.redis.del(keys.control);
    await rig.redis.lpush(keys.control, 'x');
    expect((await claimOne(createJobConsumer(rig.redis))).jobId).toBe('x2');
  });
});

describe('what cannot be served', () => {
  const park = async (id: string, text: string | Buffer) => {
    await rig.redis.set(keys.job(id), text);
    await rig.redis.zadd(keys.pending, 1, id);
    await submit(rig.redis, { id: 'good' });
    const consumer = createJobConsumer(rig.redis);
    const outcome = await consumer.claim(REQUEST);
    expect(outcome).toMatchObject({ kind: 'parked', jobId: id });
    // Byte by byte what was submitted.
    expect((await rig.redis.getBuffer(keys.job(id)))?.equals(Buffer.from(text))).toBe(true);
    expect(await rig.redis.exists(keys.claim(id))).toBe(0);
    expect(JSON.parse((await rig.redis.hget(keys.deadLetter, id)) ?? '')).toMatchObject({
      at: expect.any(Number),
      reason: expect.any(String),
    });
    expect(await claimAll(consumer)).toEqual(['good']);
    return outcome.kind === 'parked' ? outcome.reason : '';
  };
  const text = (changes: object = {}) =>
    platformJobText({
      ...{ id: 'bad', userId: 'user007', workflow: WORKFLOW, priority: 2 },
      ...{ createdAtMicros: CREATED_AT_MICROS, ...changes },
    });

  test('no job key', async () => {
    await rig.redis.zadd(keys.pending, 1, 'ghost');
    await submit(rig.redis, { id: 'good' });
    const consumer = createJobConsumer(rig.redis);
    expect(await consumer.claim(REQUEST)).toMatchObject({ kind: 'parked', jobId: 'ghost' });
    expect(await rig.redis.exists(keys.job('ghost'))).toBe(0);
    expect(await claimAll(consumer)).toEqual(['good']);
  });

  test('a job key of another type', async () => {
    await rig.redis.hset(keys.job('bad'), 'a', '1');
    await rig.redis.zadd(keys.pending, 1, 'bad');
    expect(await createJobConsumer(rig.redis).claim(REQUEST)).toMatchObject({ kind: 'parked' });
    expect(await rig.redis.hgetall(keys.job('bad'))).toEqual({ a: '1' });
  });

  test.each([
    ['an empty text', ''],
    ['not JSON', 'hello'],
    ['cut off', text().slice(0, -5)],
    ['a list', '[]'],
    ['no workflow', '{"id":"bad","user_id":"u","created_at":"2026-01-01T00:00:00Z"}'],
    ['workflow not an object', text({ workflow: '[1]' })],
    ['unknown status', text().replace('"pending"', '"claimed"')],
    ['priority 5', text().replace('"priority":2', '"priority":5')],
    ['another id', text({ id: 'other' })],
    ['hostile user', text({ userId: '../x' })],
    ['markup as user', text({ userId: '<img onerror=alert(1)>' })],
    ['a user of 100 KB', text({ userId: 'u'.repeat(100_000) })],
    ['worker_id a number', text().replace('"worker_id":null', '"worker_id":7')],
    ['metadata a list', text().replace('"metadata":{}', '"metadata":[]')],
    ['unbalanced workflow', text({ workflow: '{"a":{}' })],
  ])('%s', async (_, bad) => {
    await park('bad', bad);
  });

  test('invalid UTF-8 inside the platform’s own layout is put back', async () => {
    const [before = '', after = ''] = text({ workflow: '{"a":"\u0001"}' }).split('\u0001');
    const reason = await park(
      'bad',
      Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe]), Buffer.from(after)]),
    );
    expect(reason).toContain('UTF-8');
  });

  test('an unreadable text of 10 MB', async () => {
    await park('bad', `${text({ workflow: `{"a":"${'x'.repeat(10_000_000)}"}` })}}`);
  });

  test('an id of 100 KB', async () => {
    const id = '/'.repeat(100_000);
    await submit(rig.redis, { id });
    expect(await createJobConsumer(rig.redis).claim(REQUEST)).toMatchObject({ kind: 'parked' });
    expect(await queues(rig.redis)).toEqual({});
  });
});

describe('odd but readable', () => {
  const changed = (raw: string) =>
    raw
      .replace(/"started_at":"[^"]*"/, '"started_at":null')
      .replace('"status":"running"', '"status":"pending"')
      .replace('"worker_id":"worker-1"', '"worker_id":null');

  test.each([
    [
      'look-alike in the workflow',
      { workflow: '{"n":{"status":"pending","priority":2,"created_at":"x","started_at":null}}' },
    ],
    ['look-alike in the metadata', { metadata: { job: { status: 'pending', priority: 2 } } }],
    ['look-alike in a string', { workflow: '{"n":"\\"status\\":\\"pending\\",\\"priority\\":2"}' }],
    [
      'whole job in the workflow',
      {
        workflow: `{"n":${platformJobText({ id: 'job', userId: 'u', workflow: '{}', priority: 2, createdAtMicros: 1 })}}`,
      },
    ],
    ['editor graph', { workflow: '{"nodes":[],"links":[]}' }],
    ['empty workflow', { workflow: '{}' }],
  ])('%s', async (_, changes) => {
    await submit(rig.redis, { id: 'job', ...changes });
    const before = await jobText(rig.redis, 'job');
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    const after = await jobText(rig.redis, 'job');
    expect(claim.text.toString()).toBe(after);
    const fields = JSON.parse(after);
    expect(fields).toMatchObject({ status: 'running', worker_id: 'worker-1' });
    expect(fields.workflow).toEqual(JSON.parse(before).workflow);
    if (!after.includes('"n"')) expect(changed(after)).toBe(before);
    expect(await consumer.renew([claim], 30_000)).toEqual(['renewed']);
    expect(await consumer.requeue(claim, 'x')).toBe('requeued');
    expect(await jobText(rig.redis, 'job')).toBe(before);
  });

  test('the look-alike is the only thing in the platform’s layout', async () => {
    const inner = platformJobText({
      id: 'job',
      userId: 'u',
      workflow: '{}',
      priority: 2,
      createdAtMicros: 1,
    }).slice(1, -1);
    const before = `{"id":"job","user_id":"u","workflow":{"n":1,${inner.slice(inner.indexOf('"status"'))}},"created_at":"2026-01-01T00:00:00Z"}`;
    await rig.redis.set(keys.job('job'), before);
    await rig.redis.zadd(keys.pending, 1, 'job');
    const claim = await claimOne(createJobConsumer(rig.redis));
    const after = JSON.parse(await jobText(rig.redis, 'job'));
    expect(after.workflow).toEqual(JSON.parse(before).workflow);
    expect(after).toMatchObject({ status: 'running', worker_id: 'worker-1' });
    expect(claim.text.toString()).toBe(await jobText(rig.redis, 'job'));
  });

  test('spaces, another key order, missing optional members, unknown members', async () => {
    await rig.redis.set(
      keys.job('odd'),
      `{ "created_at": 1767225600, "extra": [1], "workflow": { "a": 8.0 }, "user_id": "u", "id": "odd" }\n`,
    );
    await rig.redis.zadd(keys.pending, 1, 'odd');
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    await consumer.settle(claim, { status: 'failed', error: 'x' });
    const text = await jobText(rig.redis, 'odd');
    expect(text).toContain('"extra": [1], "workflow": { "a": 8.0 },');
    expect(JSON.parse(text)).toMatchObject({ status: 'failed', error: 'x', worker_id: 'worker-1' });
  });

  test('a workflow of 10 MB', async () => {
    const workflow = `{"1":{"class_type":"X","inputs":{"seed":18446744073709551615,"t":"${'é"'.replace('"', '\\"').repeat(2_500_000)}"}}}`;
    await submit(rig.redis, { id: 'huge', workflow });
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    expect(claim.text.includes(workflow)).toBe(true);
    await consumer.settle(claim, { status: 'completed', result: {} });
    const text = await jobText(rig.redis, 'huge');
    expect(text.includes(workflow)).toBe(true);
    expect(text.slice(text.length - 400)).toContain('"status":"completed"');
  });
});

describe('leftovers in queue:pending', () => {
  test('a duplicate of a job that runs is removed', async () => {
    await submit(rig.redis, { id: 'job' });
    const consumer = createJobConsumer(rig.redis);
    await claimOne(consumer);
    await rig.redis.zadd(keys.pending, 1, 'job');
    expect(await consumer.claim({ ...REQUEST, workerId: 'worker-2' })).toEqual({ kind: 'none' });
    expect(await queues(rig.redis)).toEqual({ running: ['job'] });
  });

  test.each(['completed', 'failed', 'cancelled'])('a job that is %s is not run again', async (status) => {
    await submit(rig.redis, { id: 'job' });
    const text = (await jobText(rig.redis, 'job')).replace('"pending"', `"${status}"`);
    await rig.redis.set(keys.job('job'), text);
    expect(await createJobConsumer(rig.redis).claim(REQUEST)).toEqual({ kind: 'none' });
    expect(await queues(rig.redis)).toEqual({});
    expect(await jobText(rig.redis, 'job')).toBe(text);
    expect(await rig.redis.exists(keys.claim('job'))).toBe(0);
  });

  test('a hundred of them do not hide what waits behind', async () => {
    await submit(rig.redis, { id: 'other' });
    const consumer = createJobConsumer(rig.redis);
    for (let i = 0; i < 100; i += 1) {
      await rig.redis.hset(keys.claim(`dup-${i}`), { token: 't', until: Date.now() + 60_000 });
      await rig.redis.zadd(keys.pending, i, `dup-${i}`);
    }
    expect((await claimOne(consumer)).jobId).toBe('other');
    expect(await rig.redis.zcard(keys.pending)).toBe(0);
  });
});
