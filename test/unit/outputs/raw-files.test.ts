import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pruneRawFiles } from '../../../worker-agent/src/outputs/raw-files.ts';

const HOUR_MS = 3_600_000;
const now = Date.UTC(2026, 0, 2, 12);
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'raw-files-'));
});
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

async function put(path: string, hoursAgo: number): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'image');
  const seconds = (now - hoursAgo * HOUR_MS) / 1000;
  await utimes(file, seconds, seconds);
}
const left = async () =>
  (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();

test('only files go that are old and that the cache of their worker cannot name any more', async () => {
  await put('worker-1/user001/old.png', 30);
  await put('worker-1/user001/yesterday.png', 20);
  await put('worker-1/new.png', 0);
  // This worker has stood still for days: the same workflow may come again, and ComfyUI then names these.
  await put('worker-2/last.png', 70);
  await put('worker-2/last-but-one.png', 70.5);
  await put('worker-2/before.png', 90);
  expect(await pruneRawFiles({ root, keepMs: 24 * HOUR_MS }, now)).toEqual({ files: 2, bytes: 10 });
  expect(await left()).toEqual(['last-but-one.png', 'last.png', 'new.png', 'yesterday.png']);
});

test('what lies beside the folders of the workers, and what a link leads to, is not touched', async () => {
  await put('worker-1/new.png', 0);
  await put('notes.txt', 99);
  const elsewhere = await mkdtemp(join(tmpdir(), 'raw-elsewhere-'));
  try {
    const picture = join(elsewhere, 'kept.png');
    await writeFile(picture, 'image');
    await utimes(picture, 1, 1);
    await symlink(elsewhere, join(root, 'worker-1/away'));
    await symlink(picture, join(root, 'worker-1/link.png'));
    expect(await pruneRawFiles({ root, keepMs: HOUR_MS }, now)).toEqual({ files: 0, bytes: 0 });
    expect(await readdir(elsewhere)).toEqual(['kept.png']);
    expect(await left()).toContain('notes.txt');
  } finally {
    await rm(elsewhere, { recursive: true, force: true, maxRetries: 5 });
  }
});

test('a folder that does not exist yet is nothing to do', async () => {
  expect(await pruneRawFiles({ root: join(root, 'none'), keepMs: 0 }, now)).toEqual({ files: 0, bytes: 0 });
});
