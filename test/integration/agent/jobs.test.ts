import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import {
  type AgentRig,
  delivered,
  eventually,
  failingImage,
  oomImage,
  slowImage,
  startAgentRig,
} from './agent-rig.ts';

describe('jobs of a running agent', () => {
  let rig: AgentRig;
  beforeEach(async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
  });
  afterEach(() => rig.stop());

  test('a job is claimed, run, delivered and settled as the platform expects', async () => {
    const id = await rig.submit(slowImage(0.2), { user: 'user007' });
    const job = await rig.reached(id, 'completed');
    expect(job.worker_id).toBe('worker-1');
    expect(job.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
    expect(job.result).toMatchObject({ prompt_id: id, status: 'completed', output_path: '/outputs/user007' });
    expect(job.result).not.toHaveProperty('warnings');
    const file = job.result?.outputs['2']?.images?.[0];
    expect(file?.subfolder).toBe(`user007/${id}`);
    expect(file && delivered(rig, file)?.subarray(1, 4).toString()).toBe('PNG');
    expect(await rig.queuesOf(id)).toEqual([keys.completed]);
    expect(await rig.client.get(keys.userCompleted('user007'))).toBe('1');
    expect(rig.submissions(id)).toBe(1);
  });

  test('a seed beyond 2^53 reaches ComfyUI and stays in Redis as it was written', async () => {
    const workflow = slowImage(0, '18446744073709551557');
    const id = await rig.submit(workflow);
    await rig.reached(id, 'completed');
    expect(rig.comfy[0]?.promptBodies[0]?.body.toString()).toContain(workflow);
    expect(await rig.client.get(keys.job(id))).toContain(workflow);
  });

  test('a node that fails fails the job with its message', async () => {
    const id = await rig.submit(failingImage('the lens is dirty'));
    const job = await rig.reached(id, 'failed');
    expect(job.error).toContain('the lens is dirty');
    expect(await rig.queuesOf(id)).toEqual([keys.failed]);
  });

  test('a job out of VRAM is tried once more on an emptied card, then fails naming need and card', async () => {
    const id = await rig.submit(oomImage());
    const job = await rig.reached(id, 'failed');
    expect(job.error).toContain('20.00 GiB');
    expect(job.error).toMatch(/The card has [\d.]+ GiB/);
    expect(rig.submissions(id)).toBe(2);
  });

  test('an editor workflow fails at once with what to do', async () => {
    const id = await rig.submit('{"nodes":[{"id":1,"type":"KSampler"}],"links":[]}');
    const job = await rig.reached(id, 'failed');
    expect(job.error).toContain('Export (API)');
    expect(rig.submissions(id)).toBe(0);
  });

  test('an empty workflow fails at once', async () => {
    expect((await rig.reached(await rig.submit('{}'), 'failed')).error).toContain('empty');
  });

  test('an unreadable job is set aside and the queue goes on', async () => {
    await rig.client.set(keys.job('broken'), '{"id":"broken","user_id":');
    await rig.client.zadd(keys.pending, 1, 'broken');
    await rig.client.zadd(keys.pending, 2, 'missing');
    const id = await rig.submit(slowImage(0));
    await rig.reached(id, 'completed');
    expect(await rig.client.get(keys.job('broken'))).toBe('{"id":"broken","user_id":');
    expect(await rig.queuesOf('broken')).toEqual([]);
    expect(await rig.queuesOf('missing')).toEqual([]);
    const parked = (await rig.events()).filter((event) => event.kind === 'job-parked');
    expect(parked.map((event) => event.jobId).sort()).toEqual(['broken', 'missing']);
  });

  test('a running job that the platform cancels is interrupted and keeps cancelled', async () => {
    const id = await rig.submit(slowImage(12));
    await rig.reached(id, 'running');
    await eventually('the prompt at ComfyUI', rig.agent, async () => rig.submissions(id) || undefined);
    await rig.workersAre('busy');
    const text = (await rig.client.get(keys.job(id))) ?? '';
    await rig.client.set(keys.job(id), text.replace('"status":"running"', '"status":"cancelled"'));
    await rig.workersAre('idle');
    const job = await rig.job(id);
    expect(job.status).toBe('cancelled');
    expect(job.completed_at).not.toBeNull();
    expect(await rig.queuesOf(id)).toEqual([]);
    expect((await rig.reached(await rig.submit(slowImage(0)), 'completed')).status).toBe('completed');
  });

  test('a running job that is deleted is interrupted and not written again', async () => {
    const id = await rig.submit(slowImage(12));
    await rig.workersAre('busy');
    await rig.client.del(keys.job(id));
    await rig.workersAre('idle');
    expect(await rig.client.exists(keys.job(id))).toBe(0);
    expect(await rig.queuesOf(id)).toEqual([]);
  });

  test('the agent tells what it does: heartbeat, live frames, events', async () => {
    const frames: string[] = [];
    const listener = rig.redis.client();
    await listener.subscribe('agent:live');
    listener.on('message', (_, message) => frames.push(message));
    const id = await rig.submit(slowImage(3));
    await eventually(
      'a frame with progress',
      rig.agent,
      async () =>
        frames.some((frame) => frame.includes(`"jobId":"${id}"`) && frame.includes('"node":"SlowImage"')) ||
        undefined,
    );
    expect(await rig.client.get(keys.workerHeartbeat('worker-1'))).toMatch(/\+00:00$/);
    await rig.reached(id, 'completed');
    const wanted = ['agent-started', 'worker-started', 'job-claimed', 'job-completed'];
    await eventually('the events', rig.agent, async () => {
      const kinds: string[] = (await rig.events()).map((event) => event.kind);
      return wanted.every((kind) => kinds.includes(kind)) || undefined;
    });
  });
});
