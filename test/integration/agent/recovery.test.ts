import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type AgentRig, eventually, slowImage, startAgentRig } from './agent-rig.ts';

const atComfy = (rig: AgentRig, id: string) =>
  eventually('the prompt at ComfyUI', rig.agent, async () => rig.submissions(id) || undefined);

/** Long enough that nothing is taken over merely because a lease ran out. */
const LONG_LEASE = { LEASE_SECONDS: '600' };

describe('an agent that is interrupted', () => {
  let rig: AgentRig;
  afterEach(() => rig.stop());

  test('killed in mid-job, it finds the prompt again and runs nothing twice', async () => {
    rig = await startAgentRig({ configuration: LONG_LEASE });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(3));
    await atComfy(rig, id);
    await rig.agent.kill();
    await rig.agent.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
    expect(await rig.queuesOf(id)).toEqual([keys.completed]);
    expect((await rig.events()).map((event) => event.kind)).toContain('job-adopted');
  });

  test('killed in mid-job and wanted with fewer workers, it still finishes the job', async () => {
    rig = await startAgentRig({ servers: 2, configuration: LONG_LEASE });
    await rig.workersAre('idle', 'idle');
    const ids = [await rig.submit(slowImage(4)), await rig.submit(slowImage(4, '5'))];
    for (const id of ids) await atComfy(rig, id);
    await rig.agent.kill();
    await rig.want({ workers: 0 });
    await rig.agent.start();
    for (const id of ids) await rig.reached(id, 'completed');
    for (const id of ids) expect(rig.submissions(id)).toBe(1);
    await rig.workersAre();
  });

  test('a prompt that ended while the agent was dead is settled from history', async () => {
    rig = await startAgentRig({ configuration: LONG_LEASE });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(1));
    await atComfy(rig, id);
    await rig.agent.kill();
    await eventually('the end at ComfyUI', rig.agent, async () => {
      const history = await (await fetch(`${rig.comfy[0]?.url}/history/${id}`)).text();
      return history.includes('success') || undefined;
    });
    await rig.agent.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
  });

  test('a prompt that was interrupted before the agent came back is not the end of a job that still runs', async () => {
    rig = await startAgentRig({ configuration: LONG_LEASE });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(1));
    await atComfy(rig, id);
    await rig.agent.kill();
    // As an agent does that was told to cancel, or to stop at once, by a Redis that has forgotten it since.
    await eventually('the interruption', rig.agent, async () => {
      await fetch(`${rig.comfy[0]?.url}/interrupt`, { method: 'POST' });
      const history = await (await fetch(`${rig.comfy[0]?.url}/history/${id}`)).text();
      return history.includes('execution_interrupted') || undefined;
    });
    await rig.agent.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(2);
  });

  test('Redis killed and restarted in mid-job: nothing lost, nothing run twice', async () => {
    rig = await startAgentRig({ appendOnly: true });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(3));
    const waiting = await rig.submit(slowImage(0, '3'));
    await atComfy(rig, id);
    await rig.client.call('WAITAOF', '1', '0', '5000').catch(() => rig.client.bgrewriteaof());
    await rig.redis.kill();
    await rig.redis.start();
    await rig.reached(id, 'completed');
    await rig.reached(waiting, 'completed');
    expect(rig.submissions(id)).toBe(1);
    expect(rig.submissions(waiting)).toBe(1);
  });

  test('a job that ends while Redis is away is kept on disk and settled later', async () => {
    rig = await startAgentRig({ appendOnly: true });
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(1.5));
    await atComfy(rig, id);
    await rig.client.call('WAITAOF', '1', '0', '5000').catch(() => {});
    await rig.redis.kill();
    const spool = join(rig.dir, 'state', 'spool');
    await eventually('the spooled result', rig.agent, async () =>
      existsSync(spool) && readdirSync(spool).some((name) => name.endsWith('.json')) ? true : undefined,
    );
    // The agent dies too: the disk alone must be enough.
    await rig.agent.kill();
    await rig.redis.start();
    await rig.agent.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
    await expect.poll(() => readdirSync(spool)).toEqual([]);
  });

  test('ComfyUI that dies under a job: once it is tried again, the second time it fails with a sentence', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(60));
    for (const round of [1, 2]) {
      await eventually(
        `submission ${round}`,
        rig.agent,
        async () => rig.submissions(id) >= round || undefined,
      );
      await rig.comfy[0]?.faults.restart(300);
    }
    const job = await rig.reached(id, 'failed');
    expect(job.error).toContain('twice');
    expect(await rig.queuesOf(id)).toEqual([keys.failed]);
  });

  test('SIGTERM finishes the running job, takes no more, and says stopped', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(2));
    await rig.workersAre('busy');
    const next = await rig.submit(slowImage(0));
    rig.agent.signal('SIGTERM');
    await rig.agent.exited();
    expect((await rig.job(id)).status).toBe('completed');
    expect(await rig.queuesOf(next)).toEqual([keys.pending]);
    expect((await rig.hostStatus()).phase).toBe('stopped');
  });

  test('a second SIGTERM gives the running job back in its old place', async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    const id = await rig.submit(slowImage(60));
    const score = await rig.client.zscore(keys.pending, id);
    await atComfy(rig, id);
    rig.agent.signal('SIGTERM');
    await eventually(
      'stopping',
      rig.agent,
      async () => (await rig.hostStatus()).phase === 'stopping' || undefined,
    );
    rig.agent.signal('SIGTERM');
    await rig.agent.exited();
    const job = await rig.job(id);
    expect(job).toMatchObject({ status: 'pending', worker_id: null, started_at: null });
    if (score !== null) expect(await rig.client.zscore(keys.pending, id)).toBe(score);
    expect(await rig.queuesOf(id)).toEqual([keys.pending]);
  });
});
