import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { readDisks, watchDisks } from '../../../worker-agent/src/agent/disk-watch.ts';
import { hostStatusSchema } from '../../../worker-agent/src/contract/host.ts';

const dir = mkdtempSync(join(tmpdir(), 'disks-'));
afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));

test('folders on one file system are told as one, also those that do not exist yet; none is left out', async () => {
  const disks = await readDisks([
    { use: 'outputs', path: join(dir, 'outputs', 'not', 'made', 'yet') },
    { use: 'models', path: null },
    { use: 'agent', path: dir },
  ]);
  expect(disks).toHaveLength(1);
  expect(disks[0]?.use).toBe('outputs, agent');
  const { bsize, blocks } = statfsSync(tmpdir());
  expect(disks[0]?.totalBytes).toBe(bsize * blocks);
  expect(disks[0]?.freeBytes).toBeLessThanOrEqual(bsize * blocks);
  expect(hostStatusSchema.shape.disks.safeParse(disks).success).toBe(true);
});

test('file systems without size (/proc) tell nothing', async () => {
  expect(await readDisks([{ use: 'agent', path: '/proc/self' }])).toEqual([]);
});

const soon = { timeout: 10_000 };

test('what is known is renewed, and undefined before', async () => {
  const watch = watchDisks([{ use: 'agent', path: tmpdir() }], 20);
  expect(watch.known()).toBeUndefined();
  await vi.waitFor(() => expect(watch.known()).toHaveLength(1), soon);
  const first = watch.known();
  await vi.waitFor(() => expect(watch.known()).not.toBe(first), soon);
  watch.close();
});
