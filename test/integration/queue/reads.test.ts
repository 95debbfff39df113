import { describe, expect, test } from 'vitest';
import { platformJobText } from '../../../resources/demo/platform-job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { createQueueConsole } from '../../../worker-agent/src/queue/queue-console.ts';
import { readQueueView } from '../../../worker-agent/src/queue/queue-view.ts';
import { readSummaries } from '../../../worker-agent/src/queue/summaries.ts';
import { CREATED_AT_MICROS, claimOne, queueRig, REQUEST, submit } from './queue-rig.ts';

const rig = queueRig();

const node = (n: number) =>
  `"${n}":{"inputs":{"seed":18446744073709551615,"text":"${'a "quoted" lake, '.replaceAll('"', '\\"').repeat(20)}",` +
  `"ckpt_name":"ltx-2-19b-${n % 3}.safetensors"},"class_type":"Type${n % 40}"}`;
const workflowOf = (nodes: number) => `{${Array.from({ length: nodes }, (_, n) => node(n)).join(',')}}`;

describe('summaries', () => {
  const one = async (id = 'job') => (await readSummaries(rig.redis, [id]))[0];

  test('all the small fields, and traits', async () => {
    const workflow = workflowOf(90);
    await submit(rig.redis, { id: 'job', workflow, metadata: { a: 1 } });
    const consumer = createJobConsumer(rig.redis);
    const claim = await claimOne(consumer);
    expect(await one()).toEqual({
      ...{ id: 'job', userId: 'user007', status: 'running', priority: 2, workerId: 'worker-1' },
      ...{
        createdAt: '2026-03-01T10:20:30.123400Z',
        startedAt: expect.stringMatching(/Z$/),
        completedAt: null,
      },
      ...{ error: null, computed: null, sizeBytes: claim.text.length },
      classTypes: Array.from({ length: 24 }, (_, n) => `Type${n}`),
      models: ['ltx-2-19b-0.safetensors', 'ltx-2-19b-1.safetensors', 'ltx-2-19b-2.safetensors'],
      sizes: [],
    });
    await consumer.settle(claim, { status: 'failed', error: `é"${'x'.repeat(5000)}` });
    expect(await one()).toMatchObject({
      ...{ status: 'failed', completedAt: expect.stringMatching(/Z$/), error: `é"${'x'.repeat(498)}` },
    });
  });

  test('when a job kept its worker busy, as its result tells it; nothing else of the result', async () => {
    const consumer = createJobConsumer(rig.redis);
    const end = async (id: string, result: Record<string, unknown>) => {
      await submit(rig.redis, { id });
      await consumer.settle(await claimOne(consumer), { status: 'completed', result });
      return (await one(id))?.computed;
    };
    const dates = { computed_from: '2026-03-01T10:21:00+00:00', computed_until: '2026-03-01T10:21:45+00:00' };
    expect(await end('a', { ...dates, outputs: {} })).toEqual({
      from: dates.computed_from,
      until: dates.computed_until,
    });
    expect(await end('b', { computed_from: { x: 1 }, computed_until: true })).toBeNull();
    expect(await end('c', { execution_time: 4 })).toBeNull();
  });

  test('sizes are the plain numbers of the inputs that decide how much there is to compute', async () => {
    const workflow =
      '{"1":{"class_type":"EmptyLatentImage","inputs":{"width": 1216,"height":832,"batch_size":1,"max_width":9}},' +
      '"2":{"class_type":"KSampler","inputs":{"steps":20,"seed":77,"cfg":3.5}},' +
      '"3":{"class_type":"Resize","inputs":{"width":["1",0],"text":"width: 4"}}}';
    await submit(rig.redis, { id: 'job', workflow });
    expect((await one())?.sizes).toEqual(['width=1216', 'height=832', 'steps=20', 'batch_size=1']);
  });

  test('traits can be left out', async () => {
    await submit(rig.redis, { id: 'job' });
    const [digest] = await readSummaries(rig.redis, ['job'], { traits: false });
    expect(digest).toMatchObject({ status: 'pending', classTypes: [], models: [], sizes: [] });
  });

  test('in the order asked for, undefined for what does not exist', async () => {
    const ids = Array.from({ length: 50 }, (_, i) => `job-${i}`);
    for (const id of ids.filter((_, i) => i % 7 !== 0)) await submit(rig.redis, { id });
    const digests = await readSummaries(rig.redis, ids);
    expect(digests.map((digest) => digest?.id)).toEqual(ids.map((id, i) => (i % 7 === 0 ? undefined : id)));
    expect(await readSummaries(rig.redis, [])).toEqual([]);
  });

  const inner = platformJobText({
    ...{ id: 'inner', userId: 'evil', workflow: '{}', priority: 0, createdAtMicros: CREATED_AT_MICROS },
  }).replace('"pending"', '"failed"');
  test.each([
    ['a job in the workflow', { workflow: `{"n":${inner}}` }],
    [
      'many jobs in the workflow',
      { workflow: `{"n":[${Array.from({ length: 200 }, () => inner).join(',')}]}` },
    ],
    ['a job in the metadata', { metadata: { n: JSON.parse(inner) } }],
    ['many jobs in the metadata', { metadata: { n: Array.from({ length: 20 }, () => JSON.parse(inner)) } }],
    ['quoted jobs', { workflow: `{"n":${JSON.stringify(inner)}}`, metadata: { n: inner } }],
    ['large metadata', { metadata: { n: 'x'.repeat(900_000) } }],
    [
      'a large workflow of jobs',
      { workflow: `{"n":[${Array.from({ length: 5000 }, () => inner).join(',')}]}` },
    ],
  ])('look-alikes do not mislead: %s', async (_, job) => {
    await submit(rig.redis, { id: 'job', ...job });
    expect(await one()).toMatchObject({ userId: 'user007', status: 'pending', priority: 2 });
    expect(await createQueueConsole(rig.redis).prioritise('job', 1)).toEqual({ kind: 'done' });
    expect(await one()).toMatchObject({ userId: 'user007', status: 'pending', priority: 1 });
  });

  test('foreign layouts are read exactly while they are small, unreadable ones are named', async () => {
    const odd = `{ "workflow": {"n": ${inner}}, "priority": "3", "id": "odd", "user_id": "u", "created_at": 1767225600 }`;
    await rig.redis.mset({
      ...{
        'job:odd': odd,
        'job:odd2': odd.replace('"odd"', '"odd2"').replace('{ ', `{${' '.repeat(100_000)}`),
      },
      ...{ 'job:bad': '{"id":"bad","user_id":"u","workflow":{', 'job:text': 'hello', 'job:empty': '' },
      'job:status': platformJobText({
        ...{ id: 'status', userId: 'u', workflow: '{}', priority: 2, createdAtMicros: 1 },
      }).replace('pending', 'claimed'),
      'job:user': platformJobText({
        ...{
          id: 'user',
          userId: '<img onerror=x>'.repeat(9000),
          workflow: '{}',
          priority: 2,
          createdAtMicros: 1,
        },
      }),
      'job:binary': Buffer.concat([Buffer.from('{"id":"binary","user_id":"u'), Buffer.from([0xff, 0xc0])]),
    });
    await rig.redis.hset('job:hash', 'a', '1');
    const ids = ['odd', 'odd2', 'bad', 'text', 'empty', 'status', 'user', 'binary', 'hash'];
    const digests = await readSummaries(rig.redis, ids);
    expect(digests.map((digest) => [digest?.id, digest?.status])).toEqual([
      ...[
        ['odd', 'pending'],
        ['odd2', 'pending'],
        ['bad', 'unreadable'],
        ['text', 'unreadable'],
      ],
      ...[
        ['empty', 'unreadable'],
        ['status', 'unreadable'],
        ['user', 'unreadable'],
      ],
      ...[
        ['binary', 'unreadable'],
        ['hash', 'unreadable'],
      ],
    ]);
    expect(digests[0]).toMatchObject({ userId: 'u', priority: 3, createdAt: 1_767_225_600 });
    expect(digests[1]).toMatchObject({ userId: 'u', priority: 3 });
    for (const digest of digests) expect(digest?.userId.length).toBeLessThanOrEqual(110);
  });

  test('200 jobs of 90 KB are at most 150 KB on the wire; a job of 10 MB adds only its summary', async () => {
    const workflow = workflowOf(205);
    expect(workflow.length).toBeGreaterThan(85_000);
    const ids = Array.from({ length: 200 }, () => crypto.randomUUID());
    for (const id of ids) await submit(rig.redis, { id, workflow });
    await submit(rig.redis, { id: 'huge', workflow: workflowOf(25_000) });
    const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await rig.redis.info('stats'))?.[1]);
    await readSummaries(rig.redis, ids.slice(0, 1));
    const before = await sent();
    await readQueueView(rig.redis);
    await readSummaries(rig.redis, [...ids, 'huge']);
    expect((await sent()) - before).toBeLessThan(150_000);
  });
});

describe('queue view', () => {
  test('counts, places with full precision, the last that ended, the dead letters', async () => {
    for (const [i, id] of ['a', 'b', 'c', 'd', 'e'].entries())
      await submit(rig.redis, { id, createdAtMicros: CREATED_AT_MICROS + i });
    await rig.redis.zadd(keys.pending, 1, 'ghost');
    const consumer = createJobConsumer(rig.redis);
    expect((await consumer.claim(REQUEST)).kind).toBe('parked');
    await consumer.settle(await claimOne(consumer), { status: 'completed', result: {} });
    await consumer.settle(await claimOne(consumer), { status: 'failed', error: 'x' });
    await claimOne(consumer);
    await createQueueConsole(rig.redis).cancelRunning('c');
    const reading = await readQueueView(rig.redis, { pendingFrom: 1, pendingCount: 5 });
    if (reading.kind !== 'view') throw new Error(reading.kind);
    expect(reading.view.counts).toEqual({
      ...{ pending: 2, running: 1, completed: 1, failed: 1, cancelled: 0, deadLetter: 1 },
    });
    expect(reading.view.pending).toEqual([{ id: 'e', score: 2_000_000 + (CREATED_AT_MICROS + 4) / 1e6 }]);
    expect(reading.view.running).toEqual([{ id: 'c', score: expect.any(Number), status: 'cancelled' }]);
    expect(reading.view.completed.map(({ id }) => id)).toEqual(['a']);
    expect(reading.view.failed.map(({ id }) => id)).toEqual(['b']);
    expect(reading.view.deadLetter).toEqual([
      { id: 'ghost', reason: 'its job key is missing', at: expect.any(Number) },
    ]);
    expect(Math.abs(reading.redisNow - Date.now())).toBeLessThan(60_000);
  });

  test('an unchanged queue answers with its digest; any change but a lease’s ends that', async () => {
    await submit(rig.redis, { id: 'a' });
    await submit(rig.redis, { id: 'b' });
    const consumer = createJobConsumer(rig.redis);
    const host = createQueueConsole(rig.redis);
    const claim = await claimOne(consumer);
    let { digest } = await readQueueView(rig.redis);
    const changed = async (act: () => Promise<unknown>) => {
      await act();
      const reading = await readQueueView(rig.redis, { digest });
      ({ digest } = reading);
      return reading.kind === 'view';
    };
    expect(await changed(async () => {})).toBe(false);
    expect(await changed(() => rig.redis.zadd(keys.running, 99, 'a'))).toBe(false);
    expect(await changed(() => consumer.renew([claim], 1000))).toBe(false);
    expect(await changed(() => host.prioritise('b', 0))).toBe(true);
    expect(await changed(() => host.cancelRunning('a'))).toBe(true);
    expect(await changed(() => consumer.settle(claim, { status: 'cancelled' }))).toBe(true);
    expect(await changed(() => rig.redis.hset(keys.deadLetter, 'x', '{}'))).toBe(true);
    expect(await changed(async () => {})).toBe(false);
  });

  test('an empty Redis', async () => {
    const reading = await readQueueView(rig.redis);
    expect(reading).toMatchObject({ kind: 'view', view: { pending: [], running: [], deadLetter: [] } });
  });

  test('hostile ids and entries stay data', async () => {
    await rig.redis.zadd(keys.pending, 1, '"],"x":[', 2, '\u0000\n', 3, '<img>');
    await rig.redis.hset(keys.deadLetter, '"}', 'not json');
    const reading = await readQueueView(rig.redis);
    if (reading.kind !== 'view') throw new Error(reading.kind);
    expect(reading.view.pending.map(({ id }) => id)).toEqual(['"],"x":[', '\u0000\n', '<img>']);
    expect(reading.view.deadLetter).toEqual([{ id: '"}', reason: 'unknown', at: null }]);
    expect(await readSummaries(rig.redis, ['"],"x":['])).toEqual([undefined]);
  });
});
