import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { outputFolder } from '../../../src-main/connections/hosts/output-folder.ts';
import { createJobLookup } from '../../../src-main/connections/redis/job-lookup.ts';
import { createJobDetails } from '../../../src-main/services/job-details.ts';
import { createJobConsumer } from '../../../worker-agent/src/queue/job-consumer.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const WORKFLOW = JSON.stringify({
  1: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
  2: { class_type: 'CLIPTextEncode', inputs: { text: 'my secret film, scene one', clip: ['1', 1] } },
  3: { class_type: 'KSampler', inputs: { seed: 7, steps: 20, sampler_name: 'euler' } },
});

let redis: PrivateRedis;
let dir: string;
beforeAll(async () => {
  redis = await startPrivateRedis();
  dir = await mkdtemp(join(tmpdir(), 'outputs-'));
  const folder = join(dir, 'outputs', 'user001', 'done');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'a.png'), PNG);
  await writeFile(join(folder, 'lies.png'), '<svg onload="alert(1)">');
  await writeFile(join(folder, 'big.mp4'), Buffer.alloc(25 * 1024 * 1024));
  await writeFile(
    join(folder, 'v.mp4'),
    Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypisom1234')]),
  );
  await writeFile(join(dir, 'secret.png'), PNG);
  await symlink(join(dir, 'secret.png'), join(folder, 'link.png'));
  await symlink(dir, join(folder, 'way-out'));
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
});

const details = (outputs = true) =>
  createJobDetails({
    lookup: () => createJobLookup(() => redis.client()),
    places: {
      of: async () =>
        outputs
          ? {
              ...{ kind: 'there', label: 'the test', machineId: null, late: 2 },
              files: outputFolder(async () => createLocalHost(), join(dir, 'outputs')),
            }
          : NO_WAY,
    },
  });

const NO_WAY = { kind: 'no-way', why: 'Nobody knows.', remedy: 'Ask.' } as const;

const image = (filename: string, subfolder = 'user001/done', type = 'output') => ({
  filename,
  subfolder,
  type,
});

async function finished(): Promise<string> {
  const db = redis.client();
  await db.flushall();
  const created = { priority: 2 as const, createdAtMicros: 1_772_360_430_000_000 };
  await submitAsQueueManager(db, { id: 'done', userId: 'user001', workflow: WORKFLOW, ...created });
  const consumer = createJobConsumer(db);
  const claimed = await consumer.claim({ hostId: 'h100', workerId: 'worker-1', mode: 'fifo', leaseMs: 9000 });
  if (claimed.kind !== 'claimed') throw new Error('nothing was claimed');
  const images = [
    ...[image('a.png'), image('lies.png'), image('link.png'), image('secret.png', 'user001/done/way-out')],
    ...[
      image('secret.png', '../'),
      image('secret.png', '..'),
      image(`${dir}/secret.png`, ''),
      image('gone.png'),
    ],
    ...[image('a.png', 'user001/done', 'temp'), image('big.mp4'), image('v.mp4'), 7, { filename: 3 }],
  ];
  const result = {
    outputs: { '9': { images }, odd: 'x' },
    execution_time: 12.5,
    warnings: ['One is missing.'],
  };
  await consumer.settle(claimed.claim, { status: 'completed', result });
  return 'done';
}

test('the drawer gets models, node types, files and warnings, but nothing that the participant wrote', async () => {
  const jobId = await finished();
  const detail = await details().detail({ jobId });
  expect(detail).toMatchObject({
    ...{
      error: null,
      executionSeconds: 12.5,
      warnings: ['One is missing.'],
      outputsFrom: { kind: 'there', label: 'the test', machineId: null },
    },
    models: ['sd_xl_base_1.0.safetensors'],
    nodeTypes: ['CheckpointLoaderSimple', 'CLIPTextEncode', 'KSampler'],
    sizes: ['steps=20'],
  });
  expect(detail.outputs[0]).toEqual({ name: 'a.png', media: 'image', nodeId: '9', temporary: false });
  expect(JSON.stringify(detail)).not.toContain('secret film');
  expect(await details().prompts({ jobId })).toEqual([
    { nodeId: '2', nodeType: 'CLIPTextEncode', input: 'text', text: 'my secret film, scene one' },
  ]);
  await expect(details().detail({ jobId: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('only images and videos of bounded size come, and nothing from outside the outputs', async () => {
  const jobId = await finished();
  const { outputs } = await details().detail({ jobId });
  const shown = await Promise.all(outputs.map((_, index) => details().preview({ jobId, index })));
  expect(outputs.map(({ name }, at) => [name, shown[at]?.kind])).toEqual([
    ['a.png', 'image'],
    ['lies.png', 'no-picture'],
    ['link.png', 'missing'],
    ['secret.png', 'missing'],
    ['secret.png', 'missing'],
    ['secret.png', 'missing'],
    [`${dir}/secret.png`, 'missing'],
    ['gone.png', 'missing'],
    ['a.png', 'missing'],
    ['big.mp4', 'too-large'],
    ['v.mp4', 'video'],
  ]);
  expect(shown[0]).toEqual({
    kind: 'image',
    mime: 'image/png',
    base64: PNG.toString('base64'),
    bytes: PNG.length,
  });
  expect(await details().preview({ jobId, index: 999 })).toEqual({ kind: 'missing', late: 2 });
  expect(await details(false).preview({ jobId, index: 0 })).toEqual(NO_WAY);
  expect((await details(false).detail({ jobId })).outputsFrom).toEqual(NO_WAY);
});

test('a file is handed over piece by piece, and comes out whole', async () => {
  const jobId = await finished();
  const { outputs } = await details().detail({ jobId });
  const index = outputs.findIndex(({ name }) => name === 'big.mp4');
  const sizes: number[] = [];
  for (let from: number | null = 0; from !== null; ) {
    const answer = await details().filePart({ jobId, index, from });
    if (answer.kind !== 'part') throw new Error(answer.kind);
    sizes.push(Buffer.from(answer.base64, 'base64').length);
    expect(answer.size).toBe(25 * 1024 * 1024);
    from = answer.next;
  }
  expect(sizes).toEqual([...Array.from({ length: 6 }, () => 4 * 1024 * 1024), 1024 * 1024]);
  const outside = outputs.findIndex(({ name }) => name === 'link.png');
  expect(await details().filePart({ jobId, index: outside, from: 0 })).toEqual({ kind: 'missing', late: 2 });
});
