import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteFiles } from './remote-host.ts';

/** Files of the machine that the console runs on. Paths are absolute. */
export const localFiles: RemoteFiles = {
  stat: (path) =>
    unlessAbsent(async () => {
      const entry = await stat(path);
      return {
        size: entry.size,
        mode: entry.mode & 0o7777,
        mtimeMs: entry.mtimeMs,
        isDirectory: entry.isDirectory(),
      };
    }),
  read: (path, maxBytes, from = 0) =>
    unlessAbsent(async () => {
      const file = await open(path, 'r');
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, from);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    }),
  write: (path, data, mode) => named(path, () => writeWhole(path, mode, [data])),
  async upload(from, to, { mode, signal, onProgress }) {
    const { size } = await stat(from);
    await named(to, () =>
      writeWhole(to, mode, createReadStream(from, signal && { signal }), (sent) => onProgress?.(sent, size)),
    );
  },
  list: (path) => named(path, () => readdir(path)),
  mkdir: async (path) => {
    await named(path, () => mkdir(path, { recursive: true }));
  },
  rename: (from, to) => named(from, () => rename(from, to)),
  remove: (path) => named(path, () => rm(path, { recursive: true, force: true })),
};

async function writeWhole(
  path: string,
  mode: number,
  chunks: Iterable<string | Uint8Array> | AsyncIterable<Uint8Array>,
  onWritten: (bytes: number) => void = () => {},
): Promise<void> {
  const draft = `${path}.${randomUUID().slice(0, 8)}.draft`;
  try {
    const file = await open(draft, 'wx', mode);
    try {
      // Exact whatever the umask, and before there is anything to read.
      await file.chmod(mode);
      let written = 0;
      for await (const chunk of chunks) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        await file.writeFile(bytes);
        written += bytes.length;
        onWritten(written);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause;
  }
}

async function unlessAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw toWorkshopError(cause, 'HOST_FILE');
  }
}

async function named<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new WorkshopError('HOST_DISK_FULL', `The disk that holds ${dirname(path)} is full.`, {
        remedy: 'Free some space there, then press again: it goes on where it stopped.',
        cause,
      });
    throw toWorkshopError(cause, 'HOST_FILE');
  }
}
