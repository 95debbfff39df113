import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { cancelAsQueueManager } from '../../../resources/demo/platform-cancel.ts';
import { connectComfy } from '../../../worker-agent/src/comfy/comfy-server.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { explainExit } from '../../../worker-agent/src/runtime/explain-exit.ts';
import { failed, prompts, start } from '../../support/comfy-prompts.ts';
import {
  type AgentRig,
  delivered,
  eventually,
  oomImage,
  type StoredJob,
  slowImage,
  startAgentRig,
} from '../agent/agent-rig.ts';
import { atComfy, deliveredFiles, listedFiles, standsIn, told } from './edge-rig.ts';

const IMAGE = '{"class_type":"EmptyImage","inputs":{"width":32,"height":32,"batch_size":1,"color":1}}';
const save = (from: string) =>
  `{"class_type":"SaveImage","inputs":{"images":["${from}",0],"filename_prefix":"edge"}}`;
const warnings = (job: StoredJob) => JSON.stringify(job.result);

/** The edge cases of contract section 8 that are about ComfyUI, with one agent and one worker. */
describe('edge cases of ComfyUI', () => {
  let rig: AgentRig;
  let outputs: string;
  const comfy = () => {
    const [server] = rig.comfy;
    if (!server) throw new Error('there is no double');
    return server;
  };
  const run = async (workflow: string, status = 'completed') => {
    const id = await rig.submit(workflow);
    return { id, job: await rig.reached(id, status) };
  };

  beforeAll(async () => {
    outputs = mkdtempSync(join(tmpdir(), 'workshop-edge-'));
    // 0.11.0 has the trap of 8.17; history comes well after execution_success (8.13) in every single test.
    rig = await startAgentRig({
      appendOnly: true,
      configuration: { LEASE_SECONDS: '600' },
      double: { version: '0.11.0', historyDelayMs: 250, outputDirectory: outputs },
    });
    await rig.workersAre('idle');
  });
  afterAll(async () => {
    await rig.stop();
    rmSync(outputs, { recursive: true, force: true, maxRetries: 5 });
  });

  test('8.5 cancelled while a model loads: the worker waits for the delayed interrupt and discards late outputs', async () => {
    // The last node never looks whether it was interrupted, as a model load does not: the prompt ends well.
    const silent = '{"class_type":"SilentOut","inputs":{"image":["1",0],"seconds":1.5}}';
    const id = await rig.submit(`{"1":${IMAGE},"2":${save('1')},"3":${silent}}`);
    await eventually('the silent node', rig.agent, async () =>
      comfy().queue.current?.promptId === id ? true : undefined,
    );
    await cancelAsQueueManager(rig.client, id);
    await standsIn(rig, id);
    expect(comfy().queue.tasksRemaining).toBe(0);
    expect(await rig.job(id)).toMatchObject({ status: 'cancelled', result: null });
    expect(comfy().queue.historyEntry(id)?.result.outputs.has('2')).toBe(true);
    expect(deliveredFiles(rig, 'user001', id)).toEqual([]);
    await run(slowImage(0));
  });

  test('8.10 the agent restarts in mid-job: it finds its prompt again and runs nothing twice', async () => {
    const id = await rig.submit(slowImage(2, '810'));
    await atComfy(rig, id);
    await rig.agent.kill();
    await rig.agent.start();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
    await told(rig, 'job-adopted', id);
  });

  test('8.11 ComfyUI restarts in mid-job: queued once more, then failed with a sentence', async () => {
    const id = await rig.submit(slowImage(60, '811'));
    for (const round of [1, 2]) {
      await eventually(`try ${round}`, rig.agent, async () => rig.submissions(id) >= round || undefined);
      await comfy().faults.restart(200);
    }
    expect((await rig.reached(id, 'failed')).error).toContain('twice');
    expect(rig.submissions(id)).toBe(2);
    await rig.workersAre('idle');
  });

  test('8.12 the WebSocket is deaf after a reconnect: the end is found by polling', async () => {
    const undo = comfy().faults.deafAfterReconnect();
    const id = await rig.submit(slowImage(1, '812'));
    await atComfy(rig, id);
    comfy().faults.dropConnections();
    const job = await rig.reached(id, 'completed');
    undo();
    expect(listedFiles(job)).toHaveLength(1);
    expect(rig.submissions(id)).toBe(1);
  });

  test('8.13 execution_success comes before history can be read: the outputs are waited for', async () => {
    const { id, job } = await run(slowImage(0, '813'));
    expect(listedFiles(job)).toHaveLength(1);
    expect(rig.submissions(id)).toBe(1);
  });

  test('8.14 execution_error of type ExecutionBlocked is not the end: the other branch counts', async () => {
    const { job } = await run(
      `{"1":${IMAGE},"2":${save('1')},"3":{"class_type":"BlockImage","inputs":{"message":"not today","silent":false,"seed":1}},"4":${save('3')}}`,
    );
    expect(Object.keys(job.result?.outputs ?? {})).toEqual(['2']);
  });

  test('8.15 200 from /prompt with node_errors: what can run runs, and the result says what was left out', async () => {
    const { job } = await run(
      `{"1":${IMAGE},"2":${save('1')},"9":{"class_type":"SaveImage","inputs":{"filename_prefix":"bad"}}}`,
    );
    expect(listedFiles(job)).toHaveLength(1);
    expect(warnings(job)).toContain('Output 9 was left out: Node 9 (SaveImage) lacks its input images.');
  });

  test('8.16 a missing model is not tried again; node, input and value are named', async () => {
    const { id, job } = await run(String(prompts.missingModel()), 'failed');
    expect(job.error).toContain('Node 1 (CheckpointLoaderSimple)');
    expect(job.error).toContain('"no-such-model.safetensors" as ckpt_name');
    expect(await rig.queuesOf(id)).toEqual([keys.failed]);
    expect(comfy().promptBodies.filter((body) => body.promptId === id).length).toBeLessThanOrEqual(1);
  });

  test('8.17 success of a cached workflow still has its files; previews alone are said to be previews', async () => {
    const workflow = `{"1":${IMAGE},"2":${save('1')}}`;
    const first = await run(workflow);
    const second = await run(workflow);
    for (const { id, job } of [first, second]) {
      const [file] = listedFiles(job);
      expect(file?.subfolder).toContain(id);
      expect(file && delivered(rig, file)?.subarray(1, 4).toString()).toBe('PNG');
    }
    const { job } = await run(`{"1":${IMAGE},"2":{"class_type":"PreviewImage","inputs":{"images":["1",0]}}}`);
    expect(warnings(job)).toContain('previews');
  });

  test('8.18 videos under images and gifs, a path under result: all are delivered; temp files are not', async () => {
    mkdirSync(join(outputs, 'mesh'));
    writeFileSync(join(outputs, 'mesh', 'a.glb'), 'glTF');
    writeFileSync(join(outputs, 'AnimateDiff_00001.mp4'), 'not much of a video');
    const { id, job } = await run(
      `{"1":${IMAGE},"2":{"class_type":"CreateVideo","inputs":{"images":["1",0],"fps":24}},` +
        '"3":{"class_type":"SaveVideo","inputs":{"video":["2",0],"filename_prefix":"video/clip","format":"auto","codec":"auto"}},' +
        '"4":{"class_type":"ListOut","inputs":{"image":["1",0]}},' +
        '"5":{"class_type":"PreviewImage","inputs":{"images":["1",0]}}}',
    );
    const outputsOf = job.result?.outputs ?? {};
    expect(outputsOf['3']).toMatchObject({
      images: [{ filename: expect.stringMatching(/\.mp4$/) }],
      animated: [true],
    });
    expect(outputsOf['4']).toMatchObject({ gifs: [{ filename: 'AnimateDiff_00001.mp4' }] });
    const names = deliveredFiles(rig, 'user001', id).map((file) => file.slice(file.lastIndexOf('.')));
    expect(names.sort()).toEqual(['.glb', '.mp4', '.mp4']);
  });

  test('8.19 a seed beyond 2^53 reaches ComfyUI and stays in Redis digit by digit', async () => {
    const { id } = await run(slowImage(0, '18446744073709551557'));
    expect(comfy().bodyOf(id)?.toString()).toContain('"seed":18446744073709551557');
    expect(await rig.client.get(keys.job(id))).toContain('"seed":18446744073709551557');
  });

  test('8.20 an editor workflow fails at once with the next step, and never reaches ComfyUI', async () => {
    const { id, job } = await run('{"id":"x","nodes":[{"id":1,"type":"KSampler"}],"links":[]}', 'failed');
    expect(job.error).toContain('Export (API)');
    expect(rig.submissions(id)).toBe(0);
  });

  test('8.21 out of VRAM: models are freed and it is tried once more, then it fails naming need and card', async () => {
    const { id, job } = await run(oomImage(), 'failed');
    expect(rig.submissions(id)).toBe(2);
    expect(job.error).toContain('20.00 GiB');
    expect(job.error).toMatch(/The card has [\d.]+ GiB/);
  });

  test('8.21 exit 137 is the memory of the container, not of the card, and says so', () => {
    const slot = { index: 0, workerId: 'worker-1', port: 8188, gpu: null };
    const log = { path: '/tmp/none', tail: () => [], open: () => 1, rotate: () => {} };
    const error = explainExit(slot, { kind: 'ended', code: 137, signal: null }, log);
    expect(error).toMatchObject({ code: 'OUT_OF_RAM', message: expect.stringContaining('RAM, not VRAM') });
  });

  test('8.22 the prompt thread is dead: HTTP answers, nothing moves, and that is called stuck and may be tried again', async () => {
    const double = await startComfyDouble();
    const client = connectComfy(double.url, { pollMs: 100, stuckAfterMs: 300 });
    try {
      const prompt = start(client, prompts.slow(1, 10));
      await prompt.accepted;
      double.faults.killPromptThread();
      expect((await client.stats()).version).not.toBe('');
      expect(failed(await prompt.outcome).error).toMatchObject({ code: 'COMFY_STUCK', retryable: true });
    } finally {
      await client.close();
      await double.stop();
    }
  });
});
