import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sizeText } from '../delivery-words.ts';
import { ignore } from '../local-folder.ts';
import { pumpChunks, WINDOW_BYTES } from './pump.ts';
import { RemoteFailure } from './remote-failure.ts';
import type { RemoteFiles } from './remote-files.ts';

export interface RemoteFile {
  /** Real path on the VPS. */
  path: string;
  size: number;
  /** Epoch seconds. */
  mtime: number;
}

/** Hidden file that a download grows in; another version of the remote file gets another one. */
export function downloadPart(folder: string, file: RemoteFile): string {
  const key = createHash('sha256').update(`${file.path}\u0000${file.size}\u0000${file.mtime}`).digest('hex');
  return join(folder, `.${key.slice(0, 32)}.part`);
}

/**
 * Brings a file of the VPS to `part`, complete and on the disk, its modification time as on the VPS. What an earlier,
 * broken download left there is continued.
 * @throws RemoteFailure (`wrong` when it changed meanwhile); the signal's reason; a system error of this machine.
 */
export async function downloadPartOf(
  files: RemoteFiles,
  file: RemoteFile,
  part: string,
  signal: AbortSignal,
): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(part));
  if (bavail * bsize < file.size)
    throw new Error(`the disk is full: ${sizeText(bavail * bsize)} free, ${sizeText(file.size)} needed`);
  const source = await files.open(file.path, 'read');
  try {
    const target = await open(part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
    try {
      const had = (await target.stat()).size;
      // Answers arrive in order but are written at once: only the last window can have holes.
      const from = had > file.size ? 0 : Math.max(0, had - WINDOW_BYTES);
      await pumpChunks(
        { from, to: file.size },
        signal,
        async () => undefined,
        async (_, position, length) => {
          const bytes = await files.read(source, position, length);
          if (bytes.length !== length) throw changed(file);
          await writeAll(target, bytes, position);
        },
      );
      await target.truncate(file.size);
      const now = await files.fstat(source);
      if (now.size !== file.size || now.mtime !== file.mtime) throw changed(file);
      await target.utimes(file.mtime, file.mtime);
      await target.sync();
    } finally {
      await target.close();
    }
  } catch (cause) {
    if (cause instanceof RemoteFailure && cause.kind === 'wrong') await rm(part, { force: true });
    throw cause;
  } finally {
    await files.close(source).catch(() => {});
  }
}

/** Whether the file here is that version of the file there. */
export async function isSameVersion(path: string, file: RemoteFile): Promise<boolean> {
  const here = await stat(path).catch(ignore('ENOENT', 'ENOTDIR'));
  return here?.isFile() === true && here.size === file.size && Math.floor(here.mtimeMs / 1000) === file.mtime;
}

function changed(file: RemoteFile): RemoteFailure {
  return new RemoteFailure('wrong', `${file.path} changed on the VPS while it was fetched`, 'Submit again.');
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
