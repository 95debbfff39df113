import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { sizeText } from '../delivery-words.ts';
import { freeNames } from '../safe-path.ts';
import { pumpChunks } from './pump.ts';
import { operationFailure, RemoteFailure } from './remote-failure.ts';
import type { RemoteFiles } from './remote-files.ts';

/** Bytes at the end of an interrupted upload that are compared before it goes on. */
const TAIL_BYTES = 256 * 1024;

export interface LocalFile {
  path: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
}

/**
 * Name of the hidden file that an upload grows in. It belongs to the content, so that only the same bytes are ever
 * continued, by whomever.
 */
export function partName(content: { sha256: string }, name: string): string {
  const key = createHash('sha256').update(`${content.sha256}\u0000${name}`).digest('hex');
  return `.${key.slice(0, 32)}.part`;
}

/**
 * Brings the bytes to `part` on the VPS. What an earlier, broken upload left there is continued once its end proves
 * to be the same. Returns when the size is right and the bytes are on the disk of the VPS.
 * @throws RemoteFailure; the signal's reason.
 */
export async function uploadPart(
  files: RemoteFiles,
  file: LocalFile,
  part: string,
  signal: AbortSignal,
): Promise<void> {
  const before = await files.lstat(part);
  if (before && before.kind !== 'file')
    throw new RemoteFailure('wrong', `${part} on the VPS is a ${before.kind}, not a file`, 'Remove it.');
  // What is longer than the whole is not ours: it goes, and the upload begins anew.
  const usable = before !== undefined && before.size <= file.size;
  if (before && !usable) await files.remove(part);
  const source = await open(file.path, 'r');
  try {
    const target = await files.open(part, usable ? 'continue' : 'create');
    try {
      const have = usable && (await sameEnd(files, target, source, before.size)) ? before.size : 0;
      await checkRoom(files, part, file.size - have);
      await sendFrom(files, source, target, { from: have, to: file.size, part }, signal);
      await files.sync(target);
      const { size } = await files.fstat(target);
      if (size !== file.size)
        throw new RemoteFailure(
          'wrong',
          `${part} has ${size} bytes on the VPS instead of ${file.size}`,
          'Look at the disk of the VPS.',
        );
    } finally {
      await files.close(target).catch(() => {});
    }
  } finally {
    await source.close();
  }
}

/**
 * Gives a complete part its name, at once and for good. What stands there already is never replaced: if it is the
 * same, it stays and the part goes; if not, the next free name is taken. `onIntent` is told each name before it is
 * given, for whoever must find out after a crash.
 * @returns the name it has now.
 */
export async function nameUpload(
  files: RemoteFiles,
  folder: string,
  upload: { part: string; file: LocalFile; name: string },
  onIntent: (name: string) => void,
): Promise<string> {
  for (const candidate of freeNames(upload.name)) {
    const target = `${folder}/${candidate}`;
    onIntent(candidate);
    if (await files.rename(upload.part, target)) return candidate;
    if (await hasContent(files, target, upload.file)) {
      await files.remove(upload.part);
      return candidate;
    }
  }
  throw new RemoteFailure('wrong', 'there is no free name', 'Clear the folder.');
}

/** Whether the file on the VPS has the same bytes; reads it only when its size is right. */
export async function hasContent(files: RemoteFiles, path: string, file: LocalFile): Promise<boolean> {
  const found = await files.lstat(path);
  if (found?.kind !== 'file' || found.size !== file.size) return false;
  const handle = await files.open(path, 'read');
  try {
    const hash = createHash('sha256');
    const step = 1024 * 1024;
    for (let position = 0; position < found.size; position += step) {
      const bytes = await files.read(handle, position, Math.min(step, found.size - position));
      if (bytes.length === 0) return false;
      hash.update(bytes);
    }
    return hash.digest('hex') === file.sha256;
  } finally {
    await files.close(handle).catch(() => {});
  }
}

async function sameEnd(
  files: RemoteFiles,
  remote: Buffer,
  local: FileHandle,
  size: number,
): Promise<boolean> {
  const length = Math.min(size, TAIL_BYTES);
  if (length === 0) return false;
  const [there, here] = await Promise.all([
    files.read(remote, size - length, length),
    readExactly(local, size - length, length),
  ]);
  return there.equals(here);
}

async function sendFrom(
  files: RemoteFiles,
  source: FileHandle,
  target: Buffer,
  { from, to, part }: { from: number; to: number; part: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    // In order: what a broken connection leaves behind has no holes and can be continued at its end.
    await pumpChunks(
      { from, to },
      signal,
      (position, length) => readExactly(source, position, length),
      (bytes, position) => files.write(target, bytes, position),
    );
  } catch (cause) {
    signal.throwIfAborted();
    const failure = operationFailure(cause, 'write a file');
    // SFTP has no word for a full disk; the measure tells.
    if (failure.kind === 'wrong') await checkRoom(files, part, 1);
    throw failure;
  }
}

async function checkRoom(files: RemoteFiles, path: string, bytes: number): Promise<void> {
  if (bytes === 0) return;
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  const free = await files.freeBytes(folder);
  if (free === null || free >= bytes) return;
  throw new RemoteFailure(
    'no-space',
    `the disk of the VPS is full: ${sizeText(free)} are free at ${folder}, ${sizeText(bytes)} are needed`,
    'Make room on the VPS; the file is kept here until then.',
  );
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw new Error('a file in the outbox has become shorter');
    filled += bytesRead;
  }
  return buffer;
}
