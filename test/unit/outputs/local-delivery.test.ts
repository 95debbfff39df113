import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { localDelivery } from '../../../worker-agent/src/outputs/local-delivery.ts';
import type { DeliveryRequest, OutputFile } from '../../../worker-agent/src/outputs/roles.ts';

const output = (filename: string, subfolder = ''): OutputFile => ({ filename, subfolder, type: 'output' });

describe('delivery into a local folder, hardened', () => {
  let dir: string;
  let root: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'outputs-'));
    root = join(dir, 'outputs');
    mkdirSync(root);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const request = (more: Partial<DeliveryRequest> = {}): DeliveryRequest => ({
    jobId: 'job-1',
    userId: 'user001',
    workerId: 'worker-1',
    files: [output('a.png')],
    open: async () => new Blob(['bytes']).stream(),
    signal: new AbortController().signal,
    ...more,
  });

  test('jobs of one user and deliveries of one job, all at once with one name, lose nothing', async () => {
    const delivery = localDelivery({ root });
    const texts = Array.from({ length: 12 }, (_, at) => `text ${at}`);
    const all = await Promise.all(
      texts.map(async (text, at) => {
        const jobId = `job-${at % 3}`;
        return delivery.deliver(request({ jobId, open: async () => new Blob([text]).stream() }));
      }),
    );
    const read = all.map(({ files: [file] }) =>
      readFileSync(join(root, file?.subfolder ?? '', file?.filename ?? ''), 'utf8'),
    );
    expect(read).toEqual(texts);
  });

  test.each(['user001', 'user001/job-1', 'user001/job-1/sub'])(
    'a link in the place of %s is refused, wherever it leads',
    async (place) => {
      const elsewhere = join(dir, 'elsewhere');
      const other = join(root, 'user002');
      for (const target of [elsewhere, other]) {
        mkdirSync(target, { recursive: true });
        mkdirSync(join(root, place, '..'), { recursive: true });
        symlinkSync(target, join(root, place));
        await expect(
          localDelivery({ root }).deliver(request({ files: [output('a.png', 'sub')] })),
        ).rejects.toMatchObject({ code: 'OUTPUT_DELIVERY', message: expect.stringContaining('is a link') });
        expect(readdirSync(target)).toEqual([]);
        rmSync(join(root, place));
      }
    },
  );

  test('a link in the place of the file is neither followed nor replaced', async () => {
    const victim = join(dir, 'victim');
    writeFileSync(victim, 'bytes');
    mkdirSync(join(root, 'user001/job-1'), { recursive: true });
    symlinkSync(victim, join(root, 'user001/job-1/a.png'));
    const { files } = await localDelivery({ root }).deliver(request());
    expect(files[0]?.filename).toBe('a (2).png');
    expect(readFileSync(victim, 'utf8')).toBe('bytes');
  });

  test('the outputs folder itself may be a link', async () => {
    const alias = join(dir, 'alias');
    symlinkSync(root, alias);
    await localDelivery({ root: alias }).deliver(request());
    expect(existsSync(join(root, 'user001/job-1/a.png'))).toBe(true);
  });

  test('a reader never sees a part of the file under its name', async () => {
    const path = join(root, 'user001/job-1/a.png');
    const seen: boolean[] = [];
    let parts = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        seen.push(existsSync(path));
        controller.enqueue(new Uint8Array(1000));
        if (++parts === 20) controller.close();
      },
    });
    await localDelivery({ root }).deliver(request({ open: async () => stream }));
    expect(seen).toHaveLength(20);
    expect(seen).not.toContain(true);
    expect(statSync(path).size).toBe(20_000);
  });

  test('a named pipe in ComfyUI’s folder does not hold the job up', async () => {
    const comfy = join(dir, 'comfy');
    mkdirSync(comfy);
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(comfy, 'a.png')]);
    await localDelivery({ root, comfyOutputDir: () => comfy }).deliver(request());
    expect(readFileSync(join(root, 'user001/job-1/a.png'), 'utf8')).toBe('bytes');
  });

  test('what a node only mentions may be missing, what it lists may not', async () => {
    const gone = async () => Promise.reject(new WorkshopError('NOT_FOUND', 'it is gone'));
    const mention = { ...output('m.glb', 'mesh'), group: 'result' };
    const { files, warnings } = await localDelivery({ root }).deliver(
      request({ files: [mention], open: gone }),
    );
    expect(files).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('"mesh/m.glb"')]);
    await expect(localDelivery({ root }).deliver(request({ open: gone }))).rejects.toMatchObject({
      code: 'OUTPUT_DELIVERY',
    });
  });

  test('a job that is given up leaves nothing', async () => {
    const abort = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(100));
        abort.abort(new Error('cancelled'));
      },
    });
    const delivering = localDelivery({ root }).deliver(
      request({ open: async () => endless, signal: abort.signal }),
    );
    await expect(delivering).rejects.toThrow('cancelled');
    expect(readdirSync(join(root, 'user001/job-1'))).toEqual([]);
  });
});
