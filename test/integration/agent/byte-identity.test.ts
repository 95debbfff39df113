import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type AgentRig, startAgentRig } from './agent-rig.ts';

/**
 * From Redis through the agent to ComfyUI and back: the workflow's bytes are the same at all three places. The doubles
 * accept unknown extra inputs, as the real servers do, so anything can ride along in them.
 */
let rig: AgentRig;
beforeAll(async () => {
  rig = await startAgentRig({ servers: 1, speed: 50 });
  await rig.workersAre('idle');
});
afterAll(() => rig.stop());

const literal = fc.oneof(
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom(
    '8.0',
    '-0.0',
    '1e3',
    '0.1',
    'true',
    'null',
    '[]',
    '{}',
    '"\\u00e9"',
    '"é 日本 🎬"',
    '"a\\"},{"',
    '"\\\\"',
  ),
  fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => JSON.stringify(text)),
);
const extras = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ maxLength: 12 }).map((key) => `x ${key}`),
      literal,
    ),
    {
      selector: ([key]) => key,
      maxLength: 20,
    },
  )
  .map((members) => members.map(([key, value]) => `${JSON.stringify(key)}: ${value},`).join(' '));

const workflowWith = (more: string) =>
  `{ "9" : {"inputs":{${more}"images":["1",0],"filename_prefix":"p"},"class_type":"SaveImage"},\n` +
  `"1":{"class_type":"EmptyImage","inputs":{"width":16,"height":16,"batch_size":1,"color":7}}}`;

async function passesThrough(workflow: string): Promise<void> {
  const id = await rig.submit(workflow);
  await rig.reached(id, 'completed');
  const raw = Buffer.from(workflow);
  const sent = rig.comfy[0]?.bodyOf(id);
  expect(sent?.includes(Buffer.concat([Buffer.from('"prompt":'), raw]))).toBe(true);
  const stored = await rig.client.getBuffer(keys.job(id));
  expect(stored?.includes(Buffer.concat([Buffer.from('"workflow":'), raw, Buffer.from(',"status"')]))).toBe(
    true,
  );
}

test('generated workflows are byte-identical in Redis before, in POST /prompt, and in Redis after', async () => {
  await fc.assert(fc.asyncProperty(extras.map(workflowWith), passesThrough), { numRuns: 25 });
});

test.each([1, 90, 1000, 5000])('a workflow of about %i KB passes through untouched', async (kilobytes) => {
  const text = JSON.stringify('é"\\ 日本 18446744073709551615 '.repeat((kilobytes * 1024) / 36));
  await passesThrough(workflowWith(`"note":${text},"seed":18446744073709551557,"cfg":8.0,`));
});
