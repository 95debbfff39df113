import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Disk } from '../contract/host.ts';

/** Disks fill over minutes; asking costs two system calls a folder. */
const EVERY_MS = 15_000;

export interface DiskFolder {
  /** What it is for, in a word or two. */
  use: string;
  /** null = this host has none. */
  path: string | null;
}

export interface DiskWatch {
  /** One entry a file system, as last read; undefined before the first reading, or when none can be read. */
  known(): Disk[] | undefined;
  close(): void;
}

/** Knows how much space is left where the agent and its servers write. Folders on one file system are told as one. */
export function watchDisks(folders: readonly DiskFolder[], everyMs = EVERY_MS): DiskWatch {
  let known: Disk[] | undefined;
  let looking = false;
  const look = async () => {
    // A network disk that hangs is asked once, not again and again.
    if (looking) return;
    looking = true;
    const disks = await readDisks(folders);
    looking = false;
    known = disks.length === 0 ? undefined : disks;
  };
  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return { known: () => known, close: () => clearInterval(timer) };
}

/** Reads them now. What cannot be read is left out. */
export async function readDisks(folders: readonly DiskFolder[]): Promise<Disk[]> {
  const byDevice = new Map<number, Disk>();
  for (const { use, path } of folders) {
    const found = path === null ? undefined : await readOne(path);
    if (!found || path === null) continue;
    const same = byDevice.get(found.device);
    if (same) same.use = `${same.use}, ${use}`.slice(0, 60);
    else
      byDevice.set(found.device, {
        path: path.slice(0, 300),
        use: use.slice(0, 60),
        totalBytes: found.totalBytes,
        freeBytes: found.freeBytes,
      });
  }
  return [...byDevice.values()].slice(0, 8);
}

/** A folder that is made later lies where its nearest existing parent lies. */
async function readOne(
  path: string,
): Promise<{ device: number; totalBytes: number; freeBytes: number } | undefined> {
  try {
    const [{ dev }, { bsize, blocks, bavail }] = await Promise.all([stat(path), statfs(path)]);
    return blocks === 0 ? undefined : { device: dev, totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  } catch {
    const parent = dirname(path);
    return parent === path ? undefined : readOne(parent);
  }
}
