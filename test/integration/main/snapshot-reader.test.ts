import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../resources/demo/free-port.ts';
import { platformJobText, submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { type ConnectRedis, directConnection } from '../../../src-main/connections/redis/connect.ts';
import { openRedisLink, type RedisLink } from '../../../src-main/connections/redis/link.ts';
import { readWorkshop } from '../../../src-main/connections/redis/snapshot-reader.ts';
import { createLiveModel, type LiveModel } from '../../../src-main/domain/live-model.ts';
import type { HostStatus } from '../../../worker-agent/src/contract/host.ts';
import { channels, keys, STREAM_FIELD } from '../../../worker-agent/src/contract/keys.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';
import { startSlowLink } from '../../support/slow-link.ts';
import { until } from './until.ts';

let redis: PrivateRedis;
let db: Redis;
beforeAll(async () => {
  redis = await startPrivateRedis();
  db = redis.client();
});
afterAll(() => redis.stop());
beforeEach(async () => void (await db.flushall()));

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

const directly = () => directConnection({ host: '127.0.0.1', port: redis.port, password: null, tls: false });

interface Reader {
  model: LiveModel;
  link: RedisLink;
  end: () => void;
}

/** Without the slow poll: only the change feed may tell. */
function read(times = { pollMs: 3_600_000 }, connect: ConnectRedis = directly()): Reader {
  const model = createLiveModel();
  const link = openRedisLink({
    connect,
    where: 'test',
    times: { retryFirstMs: 20, retryMaxMs: 50 },
  });
  const stop = readWorkshop(link, (fact) => void model.observe(fact), times);
  const end = () => {
    stop();
    link.close();
  };
  ends.push(end);
  return { model, link, end };
}

const known = ({ model }: Reader) => until('a first reading', () => model.now.counts !== null);
/** What lists show, without what only the moment of reading decides. */
const shown = ({ model }: Reader) => ({
  jobs: model.now.jobs,
  counts: model.now.counts,
  control: model.now.control,
  desired: Object.values(model.now.hosts).map(({ id, status, desired }) => ({ id, status, desired })),
});

/** Waits until the change feed is armed and its first full reading is done: from then on only changes are read. */
async function following(reader: Reader): Promise<void> {
  await known(reader);
  await until('tracking is on', async () => / flags=\S*t/.test(String(await db.client('LIST'))));
  await settled(reader);
}

/** Waits until nothing moves any more. */
const settled = (reader: Reader) =>
  until('a settled model', async () => {
    const before = JSON.stringify(reader.model.now);
    await new Promise((wake) => setTimeout(wake, 120));
    return (
      before === JSON.stringify({ ...reader.model.now, links: JSON.parse(before).links }) && shown(reader)
    );
  });

/** What a reader that starts now sees. */
async function freshly() {
  const reader = read();
  await following(reader);
  const seen = shown(reader);
  reader.end();
  return seen;
}

let serial = 0;
const submit = (id = `job-${++serial}`, userId = 'user001', workflow = WORKFLOW) =>
  submitAsQueueManager(db, {
    id,
    userId,
    workflow,
    priority: 2,
    createdAtMicros: 1_772_360_430_123_456 + serial,
  });
const WORKFLOW =
  '{"3":{"class_type":"KSampler","inputs":{"seed":18446744073709551615}},"4":{"class_type":"CheckpointLoaderSimple","inputs":{"ckpt_name":"sd_xl_base_1.0.safetensors"}},"9":{"class_type":"SaveImage","inputs":{}}}';

test('lists a job with its kind and size, never its workflow', async () => {
  await submit('a');
  const reader = read();
  await known(reader);
  expect(reader.model.now.jobs.a).toEqual({
    id: 'a',
    userId: 'user001',
    status: 'pending',
    queue: 'pending',
    score: expect.closeTo(2_000_000 + 1_772_360_430.1, 0),
    priority: 2,
    createdAt: 1_772_360_430_123,
    startedAt: null,
    completedAt: null,
    workerId: null,
    error: null,
    kind: 'sdxl image',
    signature: expect.stringMatching(/^[0-9a-f]{16}$/),
    sizeBytes: platformJobText({
      id: 'a',
      userId: 'user001',
      workflow: WORKFLOW,
      priority: 2,
      createdAtMicros: 1_772_360_430_123_456 + serial,
    }).length,
  });
  expect(JSON.stringify(reader.model.snapshot())).not.toContain('18446744073709551615');
});

test('a signature tells workflows apart by what they compute, not by seed or prompt', async () => {
  const workflow = (width: number, seed: number, text: string) =>
    `{"1":{"class_type":"EmptyLatentImage","inputs":{"width":${width},"height":512}},"3":{"class_type":"KSampler",` +
    `"inputs":{"seed":${seed},"steps":20}},"6":{"class_type":"CLIPTextEncode","inputs":{"text":"${text}"}}}`;
  await submit('a', 'user001', workflow(512, 1, 'a lake'));
  await submit('b', 'user002', workflow(512, 2, 'a forest at night'));
  await submit('c', 'user001', workflow(1024, 1, 'a lake'));
  const reader = read();
  await known(reader);
  const { a, b, c } = reader.model.now.jobs;
  expect(a?.signature).toBe(b?.signature);
  expect(a?.signature).not.toBe(c?.signature);
});

test('the change feed alone brings a new job, a claim, an end and a removal', async () => {
  const reader = read();
  await known(reader);
  await submit('b');
  await until('it is listed', () => reader.model.now.jobs.b?.queue === 'pending');
  await move('b', 'running');
  await until('it runs', () => reader.model.now.jobs.b?.status === 'running');
  expect(reader.model.now.counts).toMatchObject({ pending: 0, running: 1 });
  await move('b', 'failed', 'CUDA out of memory');
  await until('it failed', () => reader.model.now.jobs.b?.queue === 'failed');
  expect(reader.model.now.jobs.b).toMatchObject({
    status: 'failed',
    error: 'CUDA out of memory',
    kind: 'sdxl image',
  });
  await remove('b');
  await until('it is gone', () => reader.model.now.jobs.b === undefined);
});

test('while the queue counts completed jobs of all time, the counters of those who wait are read', async () => {
  const control = {
    protocol: PROTOCOL_VERSION,
    revision: 1,
    at: 1,
    by: 'host',
    held: false,
    heldUsers: [],
    nextTurn: null,
  };
  await db.mset({
    [keys.userCompleted('ada')]: '412',
    [keys.userCompleted('bo')]: 'x',
    [keys.userCompleted('cy')]: '9',
  });
  await submit('one', 'ada');
  const reader = read({ pollMs: 100 });
  await known(reader);
  await until('the job', () => reader.model.now.jobs.one !== undefined);
  expect(reader.model.now.completions).toBeUndefined();
  await db.set(keys.control, JSON.stringify({ ...control, mode: 'round_robin' }));
  await until('the counter', () => reader.model.now.completions !== undefined);
  expect(reader.model.now.completions).toEqual({ ada: 412 });
  await submit('two', 'bo');
  await until('the next counter', () => reader.model.now.completions?.bo !== undefined);
  expect(reader.model.now.completions).toEqual({ ada: 412, bo: 0 });
  await db.multi().incr(keys.userCompleted('ada')).zadd(keys.completed, 1, 'other').exec();
  await until('one more', () => reader.model.now.completions?.ada === 413);
});

test('the slow poll finds what changed while there is no change feed', async () => {
  const way = directly();
  const nowhere = directConnection({ host: '127.0.0.1', port: await freePort(), password: null, tls: false });
  const reader = read({ pollMs: 100 }, (use) =>
    use.connectionName?.endsWith('feed') ? nowhere(use) : way(use),
  );
  await known(reader);
  await submit('c');
  await until('it is listed', () => reader.model.now.jobs.c !== undefined);
  await db.set(keys.control, JSON.stringify(control(4)));
  await until('control too', () => reader.model.now.control?.revision === 4);
});

test('what happened while the link was away is read once it is back', async () => {
  const reader = read();
  await known(reader);
  await submit('d1');
  await until('it is listed', () => reader.model.now.jobs.d1 !== undefined);
  const before = reader.model.now.queueAt ?? 0;
  await db.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await submit('d2');
  await move('d1', 'running');
  await until(
    'both are seen',
    () => reader.model.now.jobs.d2 && reader.model.now.jobs.d1?.status === 'running',
  );
  expect(reader.model.now.queueAt).toBeGreaterThan(before);
});

test('the last figures stay, with their age, while the link is lost', async () => {
  await submit('e');
  const reader = read();
  await known(reader);
  await redis.kill();
  await until('it is lost', () => reader.model.now.links.redis.kind === 'lost');
  const at = reader.model.now.queueAt;
  expect(reader.model.now.counts?.pending).toBe(1);
  expect(reader.model.now.jobs.e).toBeDefined();
  expect(at).not.toBeNull();
  await redis.start();
  // Nothing was kept on disk: the truth is now an empty queue.
  await until('the truth is known again', () => reader.model.now.counts?.pending === 0);
  expect(reader.model.now.jobs).toEqual({});
});

describe('bad input', () => {
  test('a job of 10 MB costs no more than any other, on the wire and in the list', async () => {
    const prompt = 'x'.repeat(10 * 1024 * 1024);
    const workflow = `{"3":{"class_type":"KSampler","inputs":{"text":"${prompt}"}}}`;
    await submit('giant', 'user009', workflow);
    await submit('usual');
    await using meter = await startMeter();
    const reader = read(undefined, meter.connect);
    await following(reader);
    expect(reader.model.now.jobs.giant).toMatchObject({
      status: 'pending',
      userId: 'user009',
      kind: 'image',
    });
    expect(reader.model.now.jobs.giant?.sizeBytes).toBeGreaterThan(10 * 1024 * 1024);
    expect(meter.link.bytes()).toBeLessThan(60_000);
    await db.publish('queue:updates', 'noise');
    await move('giant', 'running');
    await until('it runs', () => reader.model.now.jobs.giant?.status === 'running');
    expect(meter.link.bytes()).toBeLessThan(80_000);
  });

  test('unreadable jobs, jobs without a key, and hostile names are shown as such and stop nothing', async () => {
    await db.set(keys.job('broken'), 'not json');
    await db.zadd(keys.pending, 1, 'broken', 2, 'missing', 3, 'odd-type');
    await db.hset(keys.job('odd-type'), 'a', 'b');
    await submit('fine');
    await submitAsQueueManager(db, {
      id: 'hostile',
      userId: '<img onerror=alert(1)>',
      workflow: '{}',
      priority: 2,
      createdAtMicros: 1,
    });
    const reader = read();
    await known(reader);
    const { jobs } = reader.model.now;
    expect(jobs.broken?.status).toBe('unreadable');
    expect(jobs.missing).toMatchObject({ status: 'unreadable', error: 'Its record is missing in Redis.' });
    expect(jobs['odd-type']?.status).toBe('unreadable');
    expect(jobs.fine?.status).toBe('pending');
    expect(jobs.hostile).toBeDefined();
    expect(reader.model.now.counts?.pending).toBe(5);
  });

  test('a queue key of another type makes the link degraded with the reason, and heals', async () => {
    await db.set(keys.pending, 'oops');
    const reader = read({ pollMs: 50 });
    const why = await until('it is said', () => {
      const state = reader.model.now.links.redis;
      return state.kind === 'degraded' && state.why;
    });
    expect(why).toMatch(/cannot be read/);
    expect(reader.model.now.counts).toBeNull();
    await db.del(keys.pending);
    await until(
      'it heals',
      () => reader.model.now.links.redis.kind === 'ready' && reader.model.now.counts !== null,
    );
  });
});

describe('hosts', () => {
  test('status, wanted state and live frames arrive; a frame counts as a sign of life', async () => {
    const reader = read();
    await known(reader);
    await putStatus('h100');
    await until('the host is there', () => reader.model.now.hosts.h100?.status?.phase === 'running');
    await db.set(keys.hostDesired('h100'), JSON.stringify(desired(1)));
    await until('wanted', () => reader.model.now.hosts.h100?.desired?.workers === 3);
    const frame = { protocol: PROTOCOL_VERSION, hostId: 'h100', at: 5, gpus: [], vram: [], progress: [] };
    const heardAt = reader.model.now.hosts.h100?.heardAt ?? 0;
    await until('a frame', async () => {
      await db.publish(channels.live, JSON.stringify(frame));
      return reader.model.now.hosts.h100?.live?.at === 5;
    });
    expect(reader.model.now.hosts.h100?.heardAt).toBeGreaterThanOrEqual(heardAt);
  });

  test('an old word is as old as it is, not as new as its reading', async () => {
    await putStatus('old', { at: Date.now() - 3_600_000 });
    const reader = read();
    await until('the host is there', () => reader.model.now.hosts.old?.status);
    expect(Date.now() - (reader.model.now.hosts.old?.heardAt ?? 0)).toBeGreaterThan(3_500_000);
  });

  test('an agent of another protocol is refused with a sentence and its data are not used', async () => {
    const reader = read();
    await known(reader);
    await putStatus('newer', { protocol: PROTOCOL_VERSION + 1 });
    const host = await until('it is refused', () => {
      const seen = reader.model.now.hosts.newer;
      return seen?.mismatch ? seen : undefined;
    });
    expect(host.mismatch).toMatch(/speaks protocol/);
    expect(host.status).toBeNull();
    await db.publish(
      channels.live,
      JSON.stringify({ protocol: 99, hostId: 'newer', at: 1, gpus: [], vram: [], progress: [] }),
    );
    await putStatus('newer');
    await until(
      'after its upgrade it is used',
      () => reader.model.now.hosts.newer?.mismatch === null && reader.model.now.hosts.newer.status,
    );
    expect(reader.model.now.hosts.newer?.live).toBeNull();
  });

  test('events arrive in order, each once', async () => {
    await note('first');
    const reader = read();
    await until('the first', () => reader.model.now.events.length === 1);
    await note('second');
    await note('third');
    await until('all', () => reader.model.now.events.length === 3);
    expect(reader.model.now.events.map(({ message }) => message)).toEqual(['first', 'second', 'third']);
  });
});

test('after any acts the model that followed equals one that reads anew', async () => {
  const act = fc.record({
    do: fc.oneof(
      { weight: 12, arbitrary: fc.constant('submit') },
      { weight: 12, arbitrary: fc.constantFrom('running', 'completed', 'failed', 'cancelled') },
      { weight: 8, arbitrary: fc.constantFrom('remove', 'forget', 'break', 'rank', 'hold', 'want') },
      { weight: 1, arbitrary: fc.constant('drop-link') },
    ),
    n: fc.nat(7),
    pause: fc.nat(70),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 25 }), async (acts) => {
      await db.flushall();
      await putStatus('h1', { at: 1 });
      const reader = read();
      await following(reader);
      for (const { do: what, n, pause } of acts) {
        await perform(what, `p${n}`, n);
        // Some acts fall into one reading, some into several.
        await new Promise((wake) => setTimeout(wake, pause));
      }
      const truth = await freshly();
      await until('the follower agrees', () => {
        try {
          expect(shown(reader)).toEqual(truth);
          return true;
        } catch {
          return false;
        }
      }).catch(() => expect(shown(reader)).toEqual(truth));
      reader.end();
    }),
    // READER_RUNS=200 for a long hunt.
    { numRuns: Number(process.env.READER_RUNS ?? 15), endOnFailure: true },
  );
}, 600_000);

async function perform(what: string, id: string, n: number): Promise<void> {
  if (what === 'submit') await submit(id, `user00${n}`);
  else if (what === 'remove') await remove(id);
  else if (what === 'forget') await db.del(keys.job(id));
  else if (what === 'break') await db.set(keys.job(id), '{"id":');
  else if (what === 'rank') await db.zadd(keys.pending, 'XX', n, id);
  else if (what === 'hold')
    await db.set(keys.control, JSON.stringify({ ...control(n + 1), held: n % 2 === 0 }));
  else if (what === 'want') await db.set(keys.hostDesired('h1'), JSON.stringify(desired(n + 1)));
  else if (what === 'drop-link')
    await db.call('CLIENT', 'KILL', 'TYPE', n % 2 === 0 ? 'normal' : 'pubsub', 'SKIPME', 'yes');
  else await move(id, what);
}

/** Moves a job as the platform and the agent do: text first, then queues. */
async function move(id: string, status: string, error: string | null = null): Promise<void> {
  const text = await db.get(keys.job(id));
  if (!text?.includes('"status"')) return;
  await db.set(
    keys.job(id),
    text
      .replace(/"status":"\w+"/, `"status":"${status}"`)
      .replace('"error":null', `"error":${JSON.stringify(error)}`),
  );
  const queues = {
    running: keys.running,
    completed: keys.completed,
    failed: keys.failed,
    cancelled: keys.cancelled,
  };
  await db.zrem(keys.pending, id);
  for (const queue of Object.values(queues)) await db.zrem(queue, id);
  const target = Object.entries(queues).find(([name]) => name === status)?.[1];
  if (target) await db.zadd(target, ++serial, id);
}

async function remove(id: string): Promise<void> {
  for (const queue of [keys.pending, keys.running, keys.completed, keys.failed, keys.cancelled])
    await db.zrem(queue, id);
  await db.del(keys.job(id));
}

async function putStatus(hostId: string, change: Partial<HostStatus> = {}): Promise<void> {
  const status: HostStatus = {
    protocol: PROTOCOL_VERSION,
    hostId,
    agentVersion: '0.1.0',
    instance: 'i',
    at: Date.now(),
    startedAt: 1,
    nextWithinMs: 15_000,
    phase: 'running',
    runtime: 'external',
    queueMode: 'fifo',
    desiredRevision: null,
    controlRevision: null,
    maxWorkers: 3,
    guardMiB: null,
    workers: [],
    gpus: [],
    gpuError: null,
    vram: [],
    ...change,
  };
  await db.set(keys.hostStatus(hostId), JSON.stringify(status));
  await db.sadd(keys.hosts, hostId);
}

async function note(message: string): Promise<void> {
  const event = {
    protocol: PROTOCOL_VERSION,
    at: 1,
    kind: 'agent-started',
    by: 'h',
    jobId: null,
    userId: null,
    workerId: null,
    message,
  };
  await db.xadd(keys.events, '*', STREAM_FIELD, JSON.stringify(event));
}

function desired(revision: number) {
  return { protocol: PROTOCOL_VERSION, revision, at: 1, by: 'test', workers: 3, drained: [] };
}

function control(revision: number) {
  return {
    protocol: PROTOCOL_VERSION,
    revision,
    at: 1,
    by: 'test',
    held: false,
    mode: null,
    heldUsers: [],
    nextTurn: null,
  };
}

/** A way to Redis that counts bytes. */
async function startMeter() {
  const link = await startSlowLink(redis.port, { rttMs: 0, megabitsPerSecond: 1000 });
  return {
    link,
    connect: directConnection({ host: '127.0.0.1', port: link.port, password: null, tls: false }),
    [Symbol.asyncDispose]: () => link.stop(),
  };
}
