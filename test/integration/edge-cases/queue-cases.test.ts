import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelAsQueueManager } from '../../../resources/demo/platform-cancel.ts';
import { findPlatformWorkers, mustRefuse } from '../../../worker-agent/src/agent/platform-worker.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';
import { type AgentRig, eventually, slowImage, startAgentRig } from '../agent/agent-rig.ts';
import { atComfy, deliveredFiles, listedFiles, rewrite, standsIn, told } from './edge-rig.ts';

/** This host's clock is two hours fast all the time (8.24). */
const SKEW_MS = 7_200_000;

/** The edge cases of contract section 8 that are about the queue, with one agent of two workers. */
describe('edge cases of the queue', () => {
  let rig: AgentRig;
  /** Jobs that the platform lost or left before the agent came; the rescuer has until 8.3 and 8.8 to find them. */
  let popped: string;
  let leftover: string;

  beforeAll(async () => {
    rig = await startAgentRig({
      servers: 2,
      appendOnly: true,
      started: false,
      environment: {
        NODE_OPTIONS: `--import ${resolve('test/faults/clock-skew.mjs')}`,
        SKEW_MS: String(SKEW_MS),
      },
    });
    popped = await rig.submit(slowImage(0, '83'), { user: 'user003' });
    await rig.client.zrem(keys.pending, popped);
    await rewrite(rig, popped, [
      ['"status":"pending"', '"status":"running"'],
      ['"worker_id":null', '"worker_id":"worker-1"'],
    ]);
    leftover = await rig.submit(slowImage(0, '88'), { user: 'user008' });
    await rig.client.zrem(keys.pending, leftover);
    await rewrite(rig, leftover, [
      ['"status":"pending"', '"status":"failed"'],
      ['"error":null', '"error":"Job timeout exceeded"'],
      ['"worker_id":null', '"worker_id":"worker-9"'],
    ]);
    await rig.client.zadd(keys.running, 1, leftover);
    await rig.agent.start();
    await rig.workersAre('idle', 'idle');
  });
  afterAll(() => rig.stop());

  test('8.1 POST /api/jobs said 500 and the user tried again: both jobs run, once each, each with its own files', async () => {
    const workflow = slowImage(0, '81');
    const ids = [await rig.submit(workflow), await rig.submit(workflow)];
    const jobs = await Promise.all(ids.map((id) => rig.reached(id, 'completed')));
    expect(ids.map((id) => rig.submissions(id))).toEqual([1, 1]);
    for (const [at, job] of jobs.entries())
      expect(listedFiles(job)).toEqual([
        expect.objectContaining({ subfolder: expect.stringContaining(ids[at] ?? '') }),
      ]);
  });

  test('8.2 a pending id without a job key, or with unreadable text, is parked once and the queue goes on', async () => {
    await rig.client.set(keys.job('garbled'), '{"id":"garbled","user_id":');
    await rig.client.zadd(keys.pending, 1, 'garbled', 2, 'keyless');
    await rig.reached(await rig.submit(slowImage(0)), 'completed');
    await rig.reached(await rig.submit(slowImage(0)), 'completed');
    for (const id of ['garbled', 'keyless']) {
      expect(await rig.queuesOf(id)).toEqual([]);
      expect(await rig.client.hexists(keys.deadLetter, id)).toBe(1);
      const parked = (await rig.events()).filter(({ kind, jobId }) => kind === 'job-parked' && jobId === id);
      expect(parked).toHaveLength(1);
    }
    expect(await rig.client.get(keys.job('garbled'))).toBe('{"id":"garbled","user_id":');
  });

  test('8.4 a waiting job deleted between read and claim is not resurrected', async () => {
    // A workflow above 512 KB is read by the agent between two scripts, so that the deletion falls in between.
    const padding = 'x'.repeat(600_000);
    const large = slowImage(0).replace('"plain"', `"plain","padding":"${padding}"`);
    const ids: string[] = [];
    for (let n = 0; n < 12; n += 1) {
      const id = await rig.submit(large, { user: 'user004' });
      if (n % 2 === 1) await new Promise(setImmediate);
      const outcome = await cancelAsQueueManager(rig.client, id);
      if (outcome === 'deleted') ids.push(id);
    }
    await rig.workersAre('idle', 'idle');
    await rig.reached(await rig.submit(slowImage(0)), 'completed');
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) {
      expect(await rig.client.exists(keys.job(id))).toBe(0);
      expect(await rig.queuesOf(id)).toEqual([]);
    }
  });

  test('8.6 cancelled after the work was done and before it was written: cancelled wins, once', async () => {
    const id = await rig.submit(slowImage(1), { user: 'user006' });
    await atComfy(rig, id);
    const server = rig.comfy.find((one) => one.bodyOf(id) !== undefined);
    // Its result cannot be fetched: computed, but not yet written.
    const resume = server?.faults.hangHttp();
    await eventually('the end at ComfyUI', rig.agent, async () => server?.queue.historyEntry(id));
    expect(await cancelAsQueueManager(rig.client, id)).toBe('marked');
    resume?.();
    await standsIn(rig, id);
    const job = await rig.job(id);
    expect(job).toMatchObject({ status: 'cancelled', result: null });
    expect(job.completed_at).not.toBeNull();
    expect(await rig.client.get(keys.userCompleted('user006'))).toBeNull();
    expect(deliveredFiles(rig, 'user006', id)).toEqual([]);
    await rig.workersAre('idle', 'idle');
  });

  test("8.7 the platform's sweep marks a live job failed: it is interrupted, their word stands, and running is left clean", async () => {
    const id = await rig.submit(slowImage(15, '87'));
    await atComfy(rig, id);
    await rewrite(rig, id, [
      ['"status":"running"', '"status":"failed"'],
      ['"error":null', '"error":"Job timeout exceeded"'],
    ]);
    await eventually('the interrupt', rig.agent, async () =>
      rig.comfy.every((server) => server.queue.tasksRemaining === 0) ? true : undefined,
    );
    await standsIn(rig, id, keys.failed);
    expect(await rig.job(id)).toMatchObject({ status: 'failed', error: 'Job timeout exceeded' });
    await rig.workersAre('idle', 'idle');
  });

  test('8.7 a long job never looks stale to the sweep: its score in running is kept fresh', async () => {
    const id = await rig.submit(slowImage(15, '871'));
    await atComfy(rig, id);
    await rig.client.zadd(keys.running, 1, id);
    await eventually('a fresh score', rig.agent, async () => {
      const score = Number(await rig.client.zscore(keys.running, id));
      return score > 1_000_000 || undefined;
    });
    await cancelAsQueueManager(rig.client, id);
    await rig.workersAre('idle', 'idle');
  });

  test('8.9 Redis drops in mid-job: the job is finished, kept on disk, written when Redis is back, not run again', async () => {
    const id = await rig.submit(slowImage(1, '89'));
    await atComfy(rig, id);
    await rig.client.call('WAITAOF', '1', '0', '5000').catch(() => {});
    await rig.redis.kill();
    const server = rig.comfy.find((one) => one.bodyOf(id) !== undefined);
    await eventually('the end at ComfyUI', rig.agent, async () => server?.queue.historyEntry(id));
    const spool = join(rig.dir, 'state', 'spool');
    await eventually('the result on disk', rig.agent, async () =>
      readdirSync(spool).some((name) => name.endsWith('.json')) ? true : undefined,
    );
    await rig.redis.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
    await standsIn(rig, id, keys.completed);
    await rig.workersAre('idle', 'idle');
  });

  test('8.23 two claimers, or the stock worker beside us: no job is run twice', async () => {
    const rival = createJobConsumer(rig.client);
    await rig.hold(true);
    const ids: string[] = [];
    for (let n = 0; n < 16; n += 1) ids.push(await rig.submit(slowImage(0, String(n))));
    await rig.hold(false);
    const byRival = new Set<string>();
    const byPlatform = new Set<string>();
    for (;;) {
      const outcome = await rival.claim({
        hostId: 'rival',
        workerId: 'rival-1',
        mode: 'fifo',
        leaseMs: 60_000,
      });
      if (outcome.kind === 'claimed') {
        byRival.add(outcome.claim.jobId);
        await rival.settle(outcome.claim, { status: 'completed', result: {} });
      }
      // What the platform's next-job does first.
      const [id] = await rig.client.zpopmin(keys.pending);
      if (id !== undefined) byPlatform.add(id);
      if (outcome.kind !== 'claimed' && id === undefined) break;
    }
    for (const id of ids) if (!byPlatform.has(id)) await standsIn(rig, id, keys.completed);
    for (const id of ids) expect(rig.submissions(id)).toBe(byRival.has(id) || byPlatform.has(id) ? 0 : 1);
    for (const id of byPlatform) await cancelAsQueueManager(rig.client, id);
  });

  test('8.23 the stock worker on this machine is found by its command line, and keeps the agent from starting', async () => {
    expect(await findPlatformWorkers()).toEqual([]);
    const external = { runtime: { kind: 'external' as const }, allowPlatformWorker: false };
    expect(mustRefuse(external, [4711])).toBe(true);
    expect(mustRefuse({ ...external, allowPlatformWorker: true }, [4711])).toBe(false);
  });

  test("8.24 this host's clock is two hours fast: scores and dates in the queue are Redis time", async () => {
    const id = await rig.submit(slowImage(2, '824'));
    await atComfy(rig, id);
    const started = Date.parse((await rig.job(id)).started_at ?? '') / 1000;
    const score = Number(await rig.client.zscore(keys.running, id));
    await rig.reached(id, 'completed');
    const [now] = await rig.client.time();
    const job = await rig.job(id);
    const ended = Date.parse(job.completed_at ?? '') / 1000;
    for (const moment of [started, score, ended, Number(await rig.client.zscore(keys.completed, id))])
      expect(Math.abs(Number(now) - moment)).toBeLessThan(600);
    const events = (await rig.events()).filter(({ jobId }) => jobId === id);
    for (const { at } of events) expect(Math.abs(Number(now) - at / 1000)).toBeLessThan(600);
  });

  test('8.25 the same file name from two workers and two users: nothing is overwritten, anybody may read it', async () => {
    await rig.hold(true);
    const users = ['user025', 'user025', 'user026', 'user026'];
    const ids: string[] = [];
    for (const [at, user] of users.entries()) ids.push(await rig.submit(slowImage(0.3, `25${at}`), { user }));
    await rig.hold(false);
    const jobs = await Promise.all(ids.map((id) => rig.reached(id, 'completed')));
    expect(new Set(jobs.map((job) => job.worker_id))).toEqual(new Set(['worker-1', 'worker-2']));
    const files = ids.flatMap((id, at) => deliveredFiles(rig, users[at] ?? '', id));
    expect(new Set(files).size).toBe(4);
    for (const file of files) {
      expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
      expect(statSync(file).mode & 0o444).toBe(0o444);
    }
  });

  test('8.3 running in the JSON but in no queue (the platform popped it and crashed): it comes back and is run', async () => {
    await rig.reached(popped, 'completed');
    await standsIn(rig, popped, keys.completed);
    expect(rig.submissions(popped)).toBe(1);
    expect((await told(rig, 'job-rescued', popped)).message).toContain('stood in no queue');
  });

  test("8.8 a leftover in queue:running, also of a foreign worker, is taken out so that the platform's sweep goes on", async () => {
    await standsIn(rig, leftover, keys.failed);
    expect(await rig.job(leftover)).toMatchObject({ status: 'failed', error: 'Job timeout exceeded' });
    expect(rig.submissions(leftover)).toBe(0);
    await told(rig, 'job-rescued', leftover);
  });
});
