import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface RawFilesOptions {
  /** Folder of this agent's own servers, one subfolder a worker. Never a user's folder. */
  root: string;
  /** Younger files stay, ms. */
  keepMs: number;
  /** Told once a round when files could not be removed. */
  onTrouble?: (reason: string, files: number) => void;
}

/** What one round removed. */
export interface Pruned {
  files: number;
  bytes: number;
}

const EVERY_MS = 30 * 60_000;
/** Files this close to a worker's newest belong to what ComfyUI's cache may still name, ms. */
const CACHED_MS = 60 * 60_000;
/** ComfyUI nests one folder a user and a few that a prefix names. */
const MAX_DEPTH = 8;

/**
 * Removes ComfyUI's raw files after they have long been copied to their owners. ComfyUI's cache names files of the last
 * prompts again when the same workflow comes (fetch-output.ts), so whatever lies within an hour of a worker's newest
 * file stays, however old it is.
 */
export async function pruneRawFiles(options: RawFilesOptions, nowMs = Date.now()): Promise<Pruned> {
  const pruned: Pruned = { files: 0, bytes: 0 };
  let refused = 0;
  let reason = '';
  for (const worker of await entriesOf(options.root)) {
    if (!worker.isDirectory()) continue;
    const found = await filesBelow(join(options.root, worker.name), MAX_DEPTH);
    const newest = found.reduce((latest, file) => Math.max(latest, file.mtimeMs), 0);
    const before = Math.min(nowMs - options.keepMs, newest - CACHED_MS);
    for (const { path, size, mtimeMs } of found) {
      if (mtimeMs >= before) continue;
      try {
        await rm(path);
        pruned.files += 1;
        pruned.bytes += size;
      } catch (cause) {
        refused += 1;
        reason = cause instanceof Error ? cause.message : String(cause);
      }
    }
  }
  if (refused > 0) options.onTrouble?.(reason, refused);
  return pruned;
}

/** Prunes now and every half hour until it is closed. */
export function keepPruned(
  options: RawFilesOptions & { onPruned: (pruned: Pruned) => void },
  everyMs = EVERY_MS,
): { close(): void } {
  let busy = false;
  const round = async () => {
    if (busy) return;
    busy = true;
    const pruned = await pruneRawFiles(options).finally(() => {
      busy = false;
    });
    if (pruned.files > 0) options.onPruned(pruned);
  };
  void round();
  const timer = setInterval(() => void round(), everyMs).unref();
  return { close: () => clearInterval(timer) };
}

interface RawFile {
  path: string;
  size: number;
  mtimeMs: number;
}

/** Plain files only; links are neither followed nor removed. */
async function filesBelow(folder: string, depth: number): Promise<RawFile[]> {
  const files: RawFile[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) files.push(...(await filesBelow(path, depth - 1)));
    if (!entry.isFile()) continue;
    const found = await lstat(path).catch(() => undefined);
    if (found?.isFile()) files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
  }
  return files;
}

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
