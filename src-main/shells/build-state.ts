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

/** The agent that is deployed, and all that its bundle is made from; contract, queue and Redis scripts lie in src. */
const AGENT_PRODUCTS = ['worker-agent/dist/worker-agent.mjs', 'worker-agent/dist/worker-agent.json'];
const AGENT_SOURCES = ['worker-agent/src', 'worker-agent/build.ts', 'worker-agent/package.json'];

/** Whether out/ is there and not older than any source. An installation without sources counts as current. */
export const isBuildCurrent = (root: string): Promise<boolean> => isCurrent(root, PRODUCTS, SOURCES);

/** The same of the agent's bundle: an old one would be deployed by a new console without anybody noticing. */
export const isAgentCurrent = (root: string): Promise<boolean> =>
  isCurrent(root, AGENT_PRODUCTS, AGENT_SOURCES);

async function isCurrent(
  root: string,
  products: readonly string[],
  sources: readonly string[],
): Promise<boolean> {
  const built = await Promise.all(products.map((path) => modifiedAt(join(root, path))));
  if (built.includes(undefined)) return false;
  const oldest = Math.min(...built.map((at) => at ?? 0));
  const newest = await Promise.all(sources.map((path) => newestIn(join(root, path))));
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
