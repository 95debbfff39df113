import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { isAgentCurrent, isBuildCurrent } from '../../../src-main/shells/build-state.ts';

const PRODUCTS = [
  'out/main/web.js',
  'out/main/electron.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/renderer/room.html',
];

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'build-state-'));
  for (const path of PRODUCTS) await put(path, 2000);
  await put('src-main/app/compose.ts', 1000);
  await put('src-renderer/main.tsx', 1000);
  return () => rm(root, { recursive: true, force: true, maxRetries: 5 });
});

/** A file that was last changed at that time, s. */
async function put(path: string, changedAt: number): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), '');
  await utimes(join(root, path), changedAt, changedAt);
}

test('a build that is newer than every source is current', async () => {
  expect(await isBuildCurrent(root)).toBe(true);
});

test.each(PRODUCTS)('without %s it is not', async (path) => {
  await rm(join(root, path));
  expect(await isBuildCurrent(root)).toBe(false);
});

test.each([
  'src-main/app/compose.ts',
  'src-renderer/features/stage/deep.tsx',
  'src-preload/index.ts',
  'worker-agent/src/contract/keys.ts',
  'electron.vite.config.ts',
  'package.json',
])('a later change of %s makes it old', async (path) => {
  await put(path, 3000);
  expect(await isBuildCurrent(root)).toBe(false);
});

test('one old product among new ones makes it old', async () => {
  await put('out/preload/index.cjs', 500);
  expect(await isBuildCurrent(root)).toBe(false);
});

test('an installation without sources is current', async () => {
  await rm(join(root, 'src-main'), { recursive: true });
  await rm(join(root, 'src-renderer'), { recursive: true });
  expect(await isBuildCurrent(root)).toBe(true);
});

describe('the agent’s bundle', () => {
  beforeEach(async () => {
    for (const name of ['worker-agent.mjs', 'worker-agent.json'])
      await put(`worker-agent/dist/${name}`, 2000);
    for (const name of ['src/agent/agent.ts', 'package.json', 'build.ts'])
      await put(`worker-agent/${name}`, 1000);
  });

  test('is current while nothing it is made from changed; the console’s own sources do not matter', async () => {
    await put('src-main/app/compose.ts', 3000);
    expect(await isAgentCurrent(root)).toBe(true);
    expect(await isBuildCurrent(root)).toBe(false);
  });

  test.each(['worker-agent.mjs', 'worker-agent.json'])('without %s it is not', async (name) => {
    await rm(join(root, 'worker-agent/dist', name));
    expect(await isAgentCurrent(root)).toBe(false);
  });

  test.each([
    'worker-agent/src/agent/agent.ts',
    'worker-agent/src/queue/scripts/claim.lua',
    'worker-agent/package.json',
    'worker-agent/build.ts',
  ])('a later change of %s makes it old', async (path) => {
    await put(path, 3000);
    expect(await isAgentCurrent(root)).toBe(false);
  });
});
