import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { auditJobs } from '../../../resources/demo/job-audit.ts';
import { type Crowd, startCrowd } from '../../../resources/demo/participants/crowd.ts';
import { createRandom } from '../../../resources/demo/participants/random.ts';
import { float, workflowText } from '../../../resources/demo/participants/workflow-json.ts';
import { writeWorkflow } from '../../../resources/demo/participants/workflows.ts';
import { cancelAsQueueManager } from '../../../resources/demo/platform-cancel.ts';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';

let redis: PrivateRedis;
let crowd: Crowd | undefined;

beforeEach(async () => {
  redis = await startPrivateRedis({ password: 'secret', appendOnly: true });
});
afterEach(async () => {
  await crowd?.stop();
  crowd = undefined;
  await redis.stop();
});

const start = (seed: number, limit: number) => startCrowd({ redis, users: 5, seed, speed: 1000, limit });

test('the crowd submits exactly what it was told to, as the queue-manager writes it', async () => {
  crowd = await start(7, 12);
  const { ledger } = crowd;
  const client = redis.client();
  // Participants wait for their jobs, and nobody works here: their jobs are taken out of the queue by hand.
  await vi.waitFor(
    async () => {
      for (const id of (await client.zrange(keys.pending, '0', '-1')).map(String)) {
        const text = await client.get(keys.job(id));
        expect(text ?? '').toMatch(
          /^\{"id":"[0-9a-f-]{36}","user_id":"user00[1-5]","workflow":\{.*\},"status":"pending"/,
        );
        await client.zrem(keys.pending, id);
      }
      expect(ledger.size).toBe(12);
    },
    { timeout: 20_000 },
  );
  await crowd.finished;
  expect(new Set(ledger.all().map(({ id }) => id)).size).toBe(12);
});

test('the same seed writes the same workflows', () => {
  const day = (seed: number) => {
    const random = createRandom(seed);
    return (['sdxl', 'flux2', 'z-image', 'upscale', 'ltx2', 'wan2.2', 'ui-graph'] as const).map((choice) =>
      writeWorkflow(choice, random),
    );
  };
  expect(day(3)).toEqual(day(3));
  expect(day(3)).not.toEqual(day(4));
  for (const text of day(5)) expect(() => JSON.parse(text)).not.toThrow();
});

test('whole seeds and floats keep their writing', () => {
  expect(workflowText({ seed: 18446744073709551615n, cfg: float(8), denoise: float(0.5), steps: 20 })).toBe(
    '{"seed":18446744073709551615,"cfg":8.0,"denoise":0.5,"steps":20}',
  );
  const seeds = Array.from({ length: 200 }, () => createRandom(Math.random() * 1e9).seed64());
  expect(seeds.some((seed) => seed > 2n ** 63n)).toBe(true);
});

const job = (id: string, userId = 'user001') => ({
  id,
  userId,
  workflow: '{"1":{"inputs":{"text":"\\"status\\":\\"running\\""},"class_type":"X"}}',
  priority: 2 as const,
  createdAtMicros: 1_772_360_430_123_400,
});

test('cancels a waiting job by removing every trace and telling so', async () => {
  const client = redis.client();
  const messages: string[] = [];
  const subscriber = redis.client();
  subscriber.on('message', (_, message) => messages.push(message));
  await subscriber.subscribe('queue:updates');
  await submitAsQueueManager(client, job('a'));
  expect(await cancelAsQueueManager(client, 'a')).toBe('deleted');
  expect(await client.keys('*')).toEqual([]);
  await vi.waitFor(() => expect(messages).toHaveLength(1));
  expect(JSON.parse(messages[0] ?? '')).toMatchObject({ type: 'job_deleted', data: { job_id: 'a' } });
  expect(await cancelAsQueueManager(client, 'a')).toBe('not-found');
});

test('cancels a running job by changing its status and nothing else', async () => {
  const client = redis.client();
  await submitAsQueueManager(client, job('a'));
  const waiting = (await client.get(keys.job('a'))) ?? '';
  const running = waiting.replace('"status":"pending"', '"status":"running"');
  await client.multi().set(keys.job('a'), running).zrem(keys.pending, 'a').zadd(keys.running, 1, 'a').exec();
  expect(await cancelAsQueueManager(client, 'a')).toBe('marked');
  expect(await client.get(keys.job('a'))).toBe(waiting.replace('"status":"pending"', '"status":"cancelled"'));
  expect(await client.zscore(keys.running, 'a')).not.toBeNull();
  expect(await cancelAsQueueManager(client, 'a')).toBe('wrong-state');
});

test('the audit finds what is lost and what was settled twice', async () => {
  const client = redis.client();
  const settle = async (id: string, status: string, ...queues: string[]) => {
    const text = (await client.get(keys.job(id))) ?? '';
    await client.set(keys.job(id), text.replace('"status":"pending"', `"status":"${status}"`));
    await client.zrem(keys.pending, id);
    for (const queue of queues) await client.zadd(queue, 1, id);
  };
  const ids = ['done', 'failed', 'waits', 'popped', 'twice', 'vanished', 'regretted', 'half'];
  for (const id of ids) await submitAsQueueManager(client, job(id));
  await settle('done', 'completed', keys.completed);
  await client.incr(keys.userCompleted('user001'));
  await settle('failed', 'failed', keys.failed);
  await client.zrem(keys.pending, 'popped');
  await settle('twice', 'completed', keys.completed, keys.failed);
  await client.incr(keys.userCompleted('user001'));
  await client.multi().del(keys.job('vanished')).zrem(keys.pending, 'vanished').exec();
  await cancelAsQueueManager(client, 'regretted');
  await client.zrem(keys.pending, 'half');

  const ledger = ids.map((id) => ({
    id,
    userId: 'user001',
    choice: 'sdxl' as const,
    state: id === 'half' ? ('uncertain' as const) : ('accepted' as const),
    ...(id === 'regretted' ? { cancelled: 'deleted' as const } : {}),
  }));
  const audit = await auditJobs(client, ledger);
  expect(audit).toMatchObject({
    submitted: 7,
    completed: 1,
    failed: 1,
    cancelled: 1,
    waiting: 1,
    running: 0,
  });
  expect(audit.lost.map((line) => line.split(' ')[0])).toEqual(['popped', 'vanished']);
  expect(audit.settledTwice).toEqual([
    'twice of user001 says completed and stands in queue:completed and queue:failed',
  ]);

  await client.incr(keys.userCompleted('user001'));
  const counted = await auditJobs(client, ledger);
  expect(counted.settledTwice).toContain('user001 has 2 completed jobs but was counted 3 times');
});

test('a private Redis keeps what it was told when it is killed', async () => {
  const before = redis.client();
  await before.set('kept', 'yes');
  await redis.kill();
  await redis.start();
  expect(await redis.client().get('kept')).toBe('yes');
});
