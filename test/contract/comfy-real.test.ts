import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ComfyDouble, startComfyDouble } from '../../resources/demo/comfy-double/server.ts';
import { COMFYUI_VERSIONS } from '../../resources/demo/comfy-double/versions.ts';
import { connectComfy } from '../../worker-agent/src/comfy/comfy-server.ts';
import type { ComfyServer } from '../../worker-agent/src/comfy/roles.ts';
import { failed, prompts, start, succeeded } from '../support/comfy-prompts.ts';

/**
 * What the agent needs of ComfyUI, with core nodes and no model: against the double in each of its versions, or with
 * COMFYUI_URL against a real server. Files it makes are called workshop-console-test.
 */
const real = process.env.COMFYUI_URL;
const servers = real ? [real] : COMFYUI_VERSIONS.map((version) => `double ${version}`);
const PREFIX = 'workshop-console-test';

describe.each(servers)('%s', (name) => {
  let double: ComfyDouble | undefined;
  let comfy: ComfyServer;
  beforeAll(async () => {
    const version = COMFYUI_VERSIONS.find((one) => name.endsWith(` ${one}`));
    double = real ? undefined : await startComfyDouble(version ? { version } : {});
    comfy = connectComfy(double?.url ?? name, { pollMs: 1000 });
  });
  afterAll(async () => {
    await comfy.close();
    await double?.stop();
  });

  test('says its version', async () => {
    expect((await comfy.stats()).version).toMatch(/^\d+\.\d+/);
  });

  test('EmptyImage to SaveImage: one file, and it can be fetched', async () => {
    const run = start(comfy, prompts.quick(PREFIX));
    const outcome = succeeded(await run.outcome);
    expect(outcome.files).toHaveLength(1);
    const [file] = outcome.files;
    if (!file) throw new Error('no file');
    expect(file).toMatchObject({ nodeId: '2', group: 'images', type: 'output' });
    const bytes = Buffer.from(await new Response(await comfy.view(file)).arrayBuffer());
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(run.seen.at(-1)?.fraction).toBe(1);
    expect(await comfy.find(run.promptId)).toBe('finished');
  });

  test('the same workflow again is cached, and its outputs come all the same', async () => {
    const prompt = prompts.quick(PREFIX);
    const first = succeeded(await start(comfy, prompt).outcome);
    const second = succeeded(await start(comfy, prompt).outcome);
    expect(second.files).toEqual(first.files);
  });

  test('a preview only: success with a warning, the file marked temp', async () => {
    const outcome = succeeded(await start(comfy, prompts.preview()).outcome);
    expect(outcome.files[0]?.type).toBe('temp');
    expect(outcome.warnings.join()).toContain('previews');
  });

  test('a node type that is not installed', async () => {
    const { error } = failed(await start(comfy, prompts.unknownNode()).outcome);
    expect(error).toMatchObject({ code: 'WORKFLOW_MISSING_NODE', retryable: false });
    expect(error.message).toContain('NoSuchNode');
  });

  test('a model that is not there: node, input and value by name', async () => {
    const { error } = failed(await start(comfy, prompts.missingModel()).outcome);
    expect(error.code).toBe('WORKFLOW_MISSING_MODEL');
    expect(error.message).toContain('Node 1 (CheckpointLoaderSimple)');
    expect(error.message).toContain('"no-such-model.safetensors" as ckpt_name');
  });

  test('one bad output beside a good one: runs, with a warning', async () => {
    const prompt = Buffer.from(
      String(prompts.quick(PREFIX)).replace(
        /}$/,
        ',"9":{"class_type":"SaveImage","inputs":{"filename_prefix":"bad"}}}',
      ),
    );
    const outcome = succeeded(await start(comfy, prompt).outcome);
    expect(outcome.files).toHaveLength(1);
    expect(outcome.warnings.join()).toContain(
      'Output 9 was left out: Node 9 (SaveImage) lacks its input images.',
    );
  });

  test('an output prefix that leads out of the folder fails at run time', async () => {
    const { error } = failed(await start(comfy, prompts.quick('../workshop-console-test')).outcome);
    expect(error.code).toBe('NODE_FAILED');
    expect(error.message).toContain('filename_prefix leads out of the output folder');
  });

  test('a finished prompt is adopted, not run again', async () => {
    const first = start(comfy, prompts.quick(PREFIX));
    const outcome = succeeded(await first.outcome);
    const other = connectComfy(comfy.endpoint);
    try {
      const again = start(other, prompts.quick(PREFIX), { promptId: first.promptId, fresh: false });
      expect(succeeded(await again.outcome).files).toEqual(outcome.files);
    } finally {
      await other.close();
    }
  });

  test('a cancelled prompt is over at the server, whatever came first', async () => {
    const runs = Array.from({ length: 8 }, () => start(comfy, prompts.quick(PREFIX)));
    await Promise.all(runs.map(({ accepted }) => accepted));
    for (const run of runs) run.cancel();
    for (const run of runs) {
      expect(['interrupted', 'success']).toContain((await run.outcome).kind);
      expect(['finished', 'unknown']).toContain(await comfy.find(run.promptId));
    }
  });

  test('free is accepted, and the server goes on', async () => {
    await comfy.free();
    succeeded(await start(comfy, prompts.quick(PREFIX)).outcome);
    expect(await comfy.find(randomUUID())).toBe('unknown');
  });
});
