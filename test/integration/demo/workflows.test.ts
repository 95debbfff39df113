import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { encodePng } from '../../../resources/demo/comfy-double/media.ts';
import { type ComfyDouble, startComfyDouble } from '../../../resources/demo/comfy-double/server.ts';
import { createRandom } from '../../../resources/demo/participants/random.ts';
import { EXAMPLE_INPUT, writeWorkflow } from '../../../resources/demo/participants/workflows.ts';
import { describeWorkflow, traitsOfPrompt } from '../../../worker-agent/src/contract/workflow-kind.ts';
import { readWorkflowText } from '../../../worker-agent/src/contract/workflow-text.ts';

let comfy: ComfyDouble;
let input: string;

beforeAll(async () => {
  input = mkdtempSync(join(tmpdir(), 'comfy-input-'));
  const picture = { kind: 'IMAGE', width: 256, height: 256, batch: 1, seed: 1n } as const;
  writeFileSync(join(input, EXAMPLE_INPUT), await encodePng(picture));
  comfy = await startComfyDouble({ version: '0.33.0', speed: 10_000, inputDirectory: input });
});
afterAll(async () => {
  await comfy.stop();
  rmSync(input, { recursive: true, force: true, maxRetries: 5 });
});

async function submit(workflow: string, id: string): Promise<{ status: number; text: string }> {
  const reply = await fetch(`${comfy.url}/prompt`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"prompt":${workflow},"prompt_id":"${id}"}`,
  });
  return { status: reply.status, text: await reply.text() };
}

test.each([
  ['sdxl', 'sdxl image'],
  ['flux2', 'flux2 image'],
  ['z-image', 'z-image image'],
  ['upscale', 'upscale'],
  ['ltx2', 'ltx2 text to video'],
  ['wan2.2', 'wan2.2 text to video'],
] as const)('ComfyUI accepts and finishes %s, known as "%s"', async (choice, label) => {
  const random = createRandom(11);
  for (let at = 0; at < 5; at += 1) {
    const workflow = writeWorkflow(choice, random);
    const read = readWorkflowText(Buffer.from(workflow));
    expect(read.kind === 'api' && describeWorkflow(traitsOfPrompt(read.nodes)).label).toContain(label);
    const id = random.uuid();
    expect(await submit(workflow, id)).toMatchObject({ status: 200 });
    await vi.waitFor(
      async () => {
        const history: unknown = await (await fetch(`${comfy.url}/history/${id}`)).json();
        expect(history).toHaveProperty([id, 'status', 'status_str'], 'success');
      },
      { timeout: 20_000 },
    );
  }
});

test('ComfyUI refuses a workflow whose model is missing', async () => {
  const random = createRandom(5);
  const { status, text } = await submit(writeWorkflow('missing-model', random), random.uuid());
  expect(status).toBe(400);
  expect(text).toContain('value_not_in_list');
});

test('the editor graph is no prompt', async () => {
  const random = createRandom(5);
  const workflow = writeWorkflow('ui-graph', random);
  expect(readWorkflowText(Buffer.from(workflow)).kind).toBe('ui');
  expect((await submit(workflow, random.uuid())).status).toBeGreaterThanOrEqual(400);
  expect(workflow.length).toBeGreaterThan(15_000);
});
