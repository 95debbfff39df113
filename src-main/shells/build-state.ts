import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What the build makes; the newest source decides whether it is current. */
const PRODUCTS = [
  'out/main/web.js',
  'out/main/electron.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/renderer/room.html',
];
const SOURCES = [
  'src-main',
  'src-preload',
  'src-renderer',
  'worker-agent/src/contract',
  'worker-agent/src/queue',
  'electron.vite.config.ts',
  'package.json',
];

/** Whether out/ is there and not older than any source. An installation without sources counts as current. */
export async function isBuildCurrent(root: string): Promise<boolean> {
  const built = await Promise.all(PRODUCTS.map((path) => modifiedAt(join(root, path))));
  if (built.includes(undefined)) return false;
  const oldest = Math.min(...built.map((at) => at ?? 0));
  const newest = await Promise.all(SOURCES.map((path) => newestIn(join(root, path))));
  return Math.max(...newest) <= oldest;
}

async function newestIn(path: string): Promise<number> {
  const own = await modifiedAt(path);
  if (own === undefined) return 0;
  const inside = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const times = await Promise.all(
    inside.filter((entry) => entry.isFile()).map((entry) => modifiedAt(join(entry.parentPath, entry.name))),
  );
  // A folder's own time tells of files that were removed, and of nothing else that matters.
  return Math.max(inside.length > 0 ? 0 : own, ...times.map((at) => at ?? 0));
}

async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined;
  }
}
