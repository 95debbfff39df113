import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildResult } from '../../../worker-agent/src/agent/result.ts';
import { localDelivery } from '../../../worker-agent/src/outputs/local-delivery.ts';
import type { DeliveryRequest, OutputFile } from '../../../worker-agent/src/outputs/roles.ts';
import { placeFor } from '../../../worker-agent/src/outputs/safe-path.ts';

const output = (filename: string, subfolder = ''): OutputFile => ({ filename, subfolder, type: 'output' });
const bytes = (text: string) => new Blob([text]).stream();

describe('delivery into a local folder', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'outputs-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

  const request = (more: Partial<DeliveryRequest>): DeliveryRequest => ({
    jobId: 'job-1',
    userId: 'user001',
    workerId: 'worker-1',
    files: [output('a_00001_.png')],
    open: async (file) => bytes(`bytes of ${file.subfolder}/${file.filename}`),
    signal: new AbortController().signal,
    ...more,
  });

  test('equal names of two users, two jobs and two subfolders do not meet', async () => {
    const delivery = localDelivery({ root });
    await delivery.deliver(request({ files: [output('a.png'), output('a.png', 'sub')] }));
    await delivery.deliver(request({ jobId: 'job-2', open: async () => bytes('second job') }));
    await delivery.deliver(request({ userId: 'user002' }));
    expect(
      readdirSync(root, { recursive: true }).filter((name) => String(name).endsWith('.png')),
    ).toHaveLength(4);
    expect(readFileSync(join(root, 'user001/job-2/a_00001_.png'), 'utf8')).toBe('second job');
  });

  test('a job delivered again lands on itself; other bytes under the same name overwrite nothing', async () => {
    const delivery = localDelivery({ root });
    const folder = join(root, 'user001/job-1');
    await delivery.deliver(request({}));
    await delivery.deliver(request({}));
    expect(readdirSync(folder)).toEqual(['a_00001_.png']);
    const before = readFileSync(join(folder, 'a_00001_.png'), 'utf8');
    const { files } = await delivery.deliver(request({ open: async () => bytes('again') }));
    expect(readFileSync(join(folder, 'a_00001_.png'), 'utf8')).toBe(before);
    expect(readFileSync(join(folder, files[0]?.filename ?? ''), 'utf8')).toBe('again');
  });

  test('previews and repeated files are left out', async () => {
    const files: OutputFile[] = [output('a.png'), output('a.png'), { ...output('b.png'), type: 'temp' }];
    const { files: done, outputPath } = await localDelivery({ root }).deliver(request({ files }));
    expect(done.map((file) => file.filename)).toEqual(['a.png']);
    expect(outputPath).toBe('/outputs/user001');
  });

  test('a download that breaks leaves nothing behind and says which file', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.error(new Error('the line went dead'));
      },
    });
    const delivering = localDelivery({ root }).deliver(request({ open: async () => broken }));
    await expect(delivering).rejects.toMatchObject({
      code: 'OUTPUT_DELIVERY',
      message: expect.stringMatching(/a_00001_\.png.*the line went dead/),
    });
    expect(readdirSync(join(root, 'user001/job-1'))).toEqual([]);
  });

  test("ComfyUI's own folder is read where it can be, but nothing outside of it", async () => {
    const comfy = join(root, 'comfy');
    mkdirSync(join(comfy, 'worker-1'), { recursive: true });
    writeFileSync(join(comfy, 'worker-1', 'a_00001_.png'), 'local');
    writeFileSync(join(comfy, 'secret.png'), 'secret');
    const delivery = localDelivery({
      root: join(root, 'out'),
      comfyOutputDir: (workerId) => join(comfy, workerId),
    });
    const files = [output('a_00001_.png'), output('secret.png', '..')];
    await delivery.deliver(request({ files }));
    const folder = join(root, 'out/user001/job-1');
    expect(readFileSync(join(folder, 'a_00001_.png'), 'utf8')).toBe('local');
    expect(existsSync(join(comfy, 'worker-1', 'a_00001_.png'))).toBe(true);
    const everything = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(everything).not.toContain('secret');
  });

  test('a folder that leads elsewhere is refused', async () => {
    const out = join(root, 'out');
    mkdirSync(out);
    symlinkSync(tmpdir(), join(out, 'user001'));
    await expect(localDelivery({ root: out }).deliver(request({}))).rejects.toMatchObject({
      code: 'OUTPUT_DELIVERY',
    });
  });
});

test('no name leads out of the job’s own folder', () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.constantFrom('..', '../..', '/etc/passwd', '..\\..\\x', '.', '', 'a/../../b', '\u0000', '....//'),
  );
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, (userId, jobId, subfolder, filename) => {
      const place = placeFor({ userId, jobId }, { subfolder, filename });
      const path = resolve('/root', place.subfolder, place.filename);
      expect(path.startsWith('/root/')).toBe(true);
      expect(place.filename).not.toMatch(/[/\\\0]/);
      const [first, second] = place.subfolder.split('/');
      expect(path.startsWith(`/root/${first}/${second}/`)).toBe(true);
    }),
  );
});

describe('result (contract 2.2)', () => {
  const delivery = {
    files: [{ source: output('a.png', 'x'), subfolder: 'user001/job-1/x', filename: 'a.png' }],
    outputPath: '/outputs/user001',
  };
  const parts = {
    promptId: 'job-1',
    outputs: {
      '9': { images: [output('a.png', 'x'), { ...output('t.png'), type: 'temp' }], text: ['hello'] },
    },
    delivery,
    executionSeconds: 41.70049,
    computed: null,
    warnings: [],
    nowMicros: Date.UTC(2026, 2, 1, 10, 22, 0) * 1000 + 100_000,
  };

  test('points at the delivered files and leaves the rest as it was', () => {
    expect(buildResult(parts)).toEqual({
      prompt_id: 'job-1',
      status: 'completed',
      outputs: {
        '9': {
          images: [output('a.png', 'user001/job-1/x'), { filename: 't.png', subfolder: '', type: 'temp' }],
          text: ['hello'],
        },
      },
      execution_time: 41.7,
      output_path: '/outputs/user001',
      timestamp: '2026-03-01T10:22:00.100000+00:00',
    });
  });

  test('tells when the job kept its worker busy, where that is known', () => {
    const computed = { fromMicros: parts.nowMicros - 60_000_000, untilMicros: parts.nowMicros - 15_000_000 };
    expect(buildResult({ ...parts, computed })).toMatchObject({
      computed_from: '2026-03-01T10:21:00.100000+00:00',
      computed_until: '2026-03-01T10:21:45.100000+00:00',
    });
  });

  test('more text than a job may keep is left out, with a warning', () => {
    const outputs = { ...parts.outputs, '10': { text: ['x'.repeat(300_000)] } };
    const result = buildResult({ ...parts, outputs });
    expect(JSON.stringify(result).length).toBeLessThan(2000);
    expect(result.warnings).toHaveLength(1);
  });
});
