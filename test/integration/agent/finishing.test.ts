import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parsePlatformDate } from '../../../worker-agent/src/contract/job.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { readSummaries } from '../../../worker-agent/src/queue/summaries.ts';
import { type AgentRig, delivered, eventually, slowImage, startAgentRig } from './agent-rig.ts';

describe('results that are slow to bring away', () => {
  let rig: AgentRig;
  let release: () => void;
  beforeEach(async () => {
    rig = await startAgentRig();
    await rig.workersAre('idle');
    release = rig.comfy[0]?.faults.hangHttp('/view') ?? (() => {});
  });
  afterEach(() => rig.stop());

  const executed = (id: string) =>
    eventually(`execution of ${id}`, rig.agent, async () =>
      (await rig.client.hget(keys.claim(id), 'executed')) === '1' ? true : undefined,
    );
  const redisNow = async () => {
    const [seconds, micros] = await rig.client.time();
    return Number(seconds) * 1000 + Number(micros) / 1000;
  };
  const running = () => rig.client.zcard(keys.running);

  test('do not keep the GPU from the next job, and arrive later', async () => {
    const [first, second] = [await rig.submit(slowImage(0.1)), await rig.submit(slowImage(0.1))];
    await executed(first);
    await executed(second);
    expect(await running()).toBe(2);
    await eventually('both jobs shown, the first as on its way', rig.agent, async () => {
      const { workers, finishing } = await rig.hostStatus();
      const state = workers[0]?.state;
      if (state?.kind !== 'busy' || state.job.phase !== 'delivering' || state.job.jobId !== first) return;
      const onTheirWay = finishing?.map(({ jobId, workerId }) => `${jobId} of ${workerId}`).join();
      return onTheirWay === `${first} of worker-1,${second} of worker-1` || undefined;
    });
    const releasedAt = await redisNow();
    release();
    for (const id of [first, second]) {
      const job = await rig.reached(id, 'completed');
      const file = job.result?.outputs['2']?.images?.[0];
      expect(file && delivered(rig, file)?.subarray(1, 4).toString()).toBe('PNG');
      expect(rig.submissions(id)).toBe(1);
    }
    // Bringing them away is no computing, and the second began when the first had left its GPU.
    const spans = (await readSummaries(rig.client, [first, second])).map((digest) =>
      [digest?.computed?.from, digest?.startedAt, digest?.computed?.until].map(parsePlatformDate),
    );
    const [[, , firstLeft], [secondFrom, secondStart, secondLeft]] = spans as [number[], number[]];
    expect(secondStart).toBeGreaterThanOrEqual((firstLeft ?? 0) - 5);
    expect(secondFrom).toBeGreaterThanOrEqual((secondStart ?? 0) - 5);
    expect(secondLeft).toBeLessThan(releasedAt);
    await rig.workersAre('idle');
    await eventually('nothing on its way', rig.agent, async () =>
      (await rig.hostStatus()).finishing?.length === 0 ? true : undefined,
    );
  });

  test('do not pile up without end', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 6; at += 1) ids.push(await rig.submit(slowImage(0)));
    for (const id of ids.slice(0, 4)) await executed(id);
    expect(await running()).toBe(4);
    expect(await rig.client.zcard(keys.pending)).toBe(2);
    release();
    for (const id of ids) await rig.reached(id, 'completed');
  });

  test('are waited for by a drain and by a stop', async () => {
    const id = await rig.submit(slowImage(0));
    await executed(id);
    await rig.want({ drained: ['worker-1'] });
    const { workers } = await rig.workersAre('draining');
    expect(workers[0]?.state).toMatchObject({ job: { jobId: id } });
    const stopped = rig.agent.stop(20_000);
    release();
    expect((await rig.reached(id, 'completed')).worker_id).toBe('worker-1');
    await stopped;
    expect(rig.submissions(id)).toBe(1);
  });

  test('are discarded when the job is cancelled meanwhile', async () => {
    const id = await rig.submit(slowImage(0));
    await executed(id);
    const text = await rig.client.get(keys.job(id));
    await rig.client.set(keys.job(id), text?.replace('"status":"running"', '"status":"cancelled"') ?? '');
    await eventually('the end of the job', rig.agent, async () =>
      (await rig.queuesOf(id)).length === 0 ? true : undefined,
    );
    release();
    expect((await rig.job(id)).status).toBe('cancelled');
    expect((await rig.job(id)).result).toBeNull();
    expect(await rig.queuesOf(id)).toEqual([]);
  });

  test('are fetched after a restart of the agent, beside the job that runs by then', async () => {
    const first = await rig.submit(slowImage(0));
    const second = await rig.submit(slowImage(3));
    await executed(first);
    await eventually('the second job at work', rig.agent, async () =>
      rig.submissions(second) === 1 ? true : undefined,
    );
    await rig.agent.kill();
    release();
    await rig.agent.start();
    for (const id of [first, second]) {
      await rig.reached(id, 'completed');
      expect(rig.submissions(id)).toBe(1);
    }
  });
});
