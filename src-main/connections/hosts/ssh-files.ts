import { randomUUID } from 'node:crypto';
import { open as openLocal } from 'node:fs/promises';
import { posix } from 'node:path';
import type { SFTPWrapper, Stats } from 'ssh2';
import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { reasonOf } from './reason-of.ts';
import type { RemoteFiles } from './remote-host.ts';

/** One SFTP packet that every server takes, bytes; and how many are on their way at once. */
const CHUNK_BYTES = 32 * 1024;
const IN_FLIGHT = 64;
/** A disk with no more room than this is full: a file system keeps its last blocks for itself. */
const FULL_BYTES = 64 * 1024;
/** Status codes of draft-ietf-secsh-filexfer-02, section 7. */
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;

const statusSchema = z.object({ code: z.number() });
const diskSchema = z.object({ f_bavail: z.number(), f_frsize: z.number() });

type Done<T> = (error: Error | null | undefined, value: T) => void;

/**
 * Files over SFTP.
 * @param session opens the link's SFTP session, or gives the one that is open.
 * @param lost the reason for callers when the link is gone meanwhile; undefined while it stands.
 */
export function sshFiles(
  session: () => Promise<SFTPWrapper>,
  lost: () => WorkshopError | undefined,
): RemoteFiles {
  const call = <T>(act: (done: Done<T>) => void): Promise<T> =>
    new Promise((resolve, reject) => act((error, value) => (error ? reject(error) : resolve(value))));
  const statOf = (sftp: SFTPWrapper, path: string) => call<Stats>((done) => sftp.lstat(path, done));
  const follow = (sftp: SFTPWrapper, path: string) => call<Stats>((done) => sftp.stat(path, done));

  /** Runs one act on the session; what fails says what and where. */
  const on = async <T>(what: string, path: string, act: (sftp: SFTPWrapper) => Promise<T>): Promise<T> => {
    const sftp = await session();
    try {
      return await act(sftp);
    } catch (cause) {
      if (cause instanceof WorkshopError) throw cause;
      const gone = lost();
      if (gone) throw gone;
      const code = statusSchema.safeParse(cause).data?.code;
      if (code === PERMISSION_DENIED)
        throw new WorkshopError(
          'HOST_FILE',
          `${path} may not be ${what} by the user we are on the machine.`,
          {
            remedy: 'Use another user for this machine, or change who owns the file.',
            cause,
          },
        );
      if (code === NO_SUCH_FILE)
        throw new WorkshopError('HOST_FILE', `${path} does not exist on the machine.`, { cause });
      await nameFull(sftp, path, cause);
      throw new WorkshopError('HOST_FILE', `${path} cannot be ${what}: ${reasonOf(cause)}.`, { cause });
    }
  };
  /** SFTP has no word for a full disk; the measure tells. @throws WorkshopError HOST_DISK_FULL if it is. */
  const nameFull = async (sftp: SFTPWrapper, path: string, cause: unknown) => {
    const folder = posix.dirname(path);
    const disk = await call<unknown>((done) => sftp.ext_openssh_statvfs(folder, done)).catch(() => undefined);
    const measure = diskSchema.safeParse(disk).data;
    if (!measure || measure.f_bavail * measure.f_frsize > FULL_BYTES) return;
    throw new WorkshopError('HOST_DISK_FULL', `The disk that holds ${folder} is full.`, {
      remedy: 'Free some space there, then press again: it goes on where it stopped.',
      cause,
    });
  };
  const orAbsent = async <T>(act: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await act();
    } catch (cause) {
      if (statusSchema.safeParse(cause).data?.code === NO_SUCH_FILE) return undefined;
      throw cause;
    }
  };
  /** Servers without the extension answer so; the file is written all the same. */
  const ifPossible = async (act: () => Promise<unknown>) => {
    try {
      await act();
    } catch {
      // Not offered.
    }
  };
  const rename = async (sftp: SFTPWrapper, from: string, to: string) => {
    try {
      await call<void>((done) => sftp.ext_openssh_rename(from, to, (error) => done(error, undefined)));
    } catch (cause) {
      if (!/not supported|does not support/i.test(reasonOf(cause))) throw cause;
      await orAbsent(() => call<void>((done) => sftp.unlink(to, (error) => done(error, undefined))));
      await call<void>((done) => sftp.rename(from, to, (error) => done(error, undefined)));
    }
  };

  /** Puts content beside its place and moves it there when it is whole and on the disk. */
  const replace = async (
    sftp: SFTPWrapper,
    to: string,
    mode: number,
    size: number,
    part: (position: number, length: number) => Promise<Buffer>,
    sent: (bytes: number) => void,
    signal?: AbortSignal,
  ) => {
    const draft = `${to}.${randomUUID().slice(0, 8)}.draft`;
    const handle = await call<Buffer>((done) => sftp.open(draft, 'wx', { mode }, done));
    try {
      try {
        // Exact whatever the umask, and before there is anything to read.
        await call<void>((done) => sftp.fsetstat(handle, { mode }, (error) => done(error, undefined)));
        await inFlight(size, signal, async (position, length) => {
          const bytes = await part(position, length);
          await call<void>((done) =>
            sftp.write(handle, bytes, 0, bytes.length, position, (error) => done(error, undefined)),
          );
          sent(bytes.length);
        });
        await ifPossible(() => call<unknown>((done) => sftp.ext_openssh_fsync(handle, done)));
      } finally {
        await ifPossible(() => call<void>((done) => sftp.close(handle, (error) => done(error, undefined))));
      }
      await rename(sftp, draft, to);
    } catch (cause) {
      // Measured while what was written still takes its room.
      const named = await nameFull(sftp, to, cause).then(
        () => cause,
        (full: unknown) => full,
      );
      await ifPossible(() => call<void>((done) => sftp.unlink(draft, (error) => done(error, undefined))));
      throw named;
    }
  };

  const remove = async (sftp: SFTPWrapper, path: string): Promise<void> => {
    const found = await orAbsent(() => statOf(sftp, path));
    if (!found) return;
    if (!found.isDirectory())
      return call<void>((done) => sftp.unlink(path, (error) => done(error, undefined)));
    for (const name of await names(sftp, path)) await remove(sftp, posix.join(path, name));
    await call<void>((done) => sftp.rmdir(path, (error) => done(error, undefined)));
  };
  const names = async (sftp: SFTPWrapper, path: string) => {
    const entries = await call<{ filename: string }[]>((done) => sftp.readdir(path, done));
    return entries.map(({ filename }) => filename).sort();
  };
  const mkdir = async (sftp: SFTPWrapper, path: string): Promise<void> => {
    const found = await orAbsent(() => follow(sftp, path));
    if (found?.isDirectory()) return;
    const parent = posix.dirname(path);
    if (!found && parent !== path) await mkdir(sftp, parent);
    await call<void>((done) => sftp.mkdir(path, (error) => done(error, undefined)));
  };

  return {
    stat: (path) =>
      on('looked at', path, (sftp) =>
        orAbsent(async () => {
          const found = await follow(sftp, path);
          const { size, mode, mtime } = found;
          return { size, mode: mode & 0o7777, mtimeMs: mtime * 1000, isDirectory: found.isDirectory() };
        }),
      ),
    read: (path, maxBytes, from = 0) =>
      on('read', path, (sftp) =>
        orAbsent(async () => {
          const handle = await call<Buffer>((done) => sftp.open(path, 'r', done));
          try {
            return await readHandle(sftp, handle, maxBytes, from);
          } finally {
            await ifPossible(() =>
              call<void>((done) => sftp.close(handle, (error) => done(error, undefined))),
            );
          }
        }),
      ),
    write: (path, data, mode) =>
      on('written', path, (sftp) => {
        const bytes = Buffer.from(data);
        const part = async (position: number, length: number) => bytes.subarray(position, position + length);
        return replace(sftp, path, mode, bytes.length, part, () => {});
      }),
    upload: (from, to, { mode, signal, onProgress }) =>
      on('written', to, async (sftp) => {
        const source = await openLocal(from);
        try {
          const { size } = await source.stat();
          let total = 0;
          const part = async (position: number, length: number) => {
            const { buffer, bytesRead } = await source.read(Buffer.allocUnsafe(length), 0, length, position);
            return buffer.subarray(0, bytesRead);
          };
          const sent = (bytes: number) => {
            total += bytes;
            onProgress?.(total, size);
          };
          await replace(sftp, to, mode, size, part, sent, signal);
        } finally {
          await source.close();
        }
      }).catch((cause: unknown) => {
        if (signal?.aborted) throw signal.reason;
        throw cause;
      }),
    list: (path) => on('listed', path, (sftp) => names(sftp, path)),
    mkdir: (path) => on('made', path, (sftp) => mkdir(sftp, path)),
    rename: (from, to) => on('renamed', from, (sftp) => rename(sftp, from, to)),
    remove: (path) => on('removed', path, (sftp) => remove(sftp, path)),
  };
}

/** Reads from `from` up to its end or `maxBytes`, whichever comes first. Files that hide their size (/proc) are read too. */
async function readHandle(
  sftp: SFTPWrapper,
  handle: Buffer,
  maxBytes: number,
  from: number,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let position = from; position < from + maxBytes; ) {
    const length = Math.min(CHUNK_BYTES, from + maxBytes - position);
    // Several at once: over a slow link each would else cost a round trip.
    const batch = Array.from({ length: position === from ? 1 : 16 }, (_, index) =>
      readAt(sftp, handle, position + index * length, length),
    );
    const got = await Promise.all(batch);
    for (const part of got) {
      parts.push(part);
      position += part.length;
      // A short part may have a gap behind it: what follows is read again from there.
      if (part.length < length) break;
    }
    if (got[0]?.length === 0 || got.some((part) => part.length === 0)) break;
  }
  return Buffer.concat(parts).subarray(0, maxBytes);
}

/** At the end of the file it is empty. */
function readAt(sftp: SFTPWrapper, handle: Buffer, position: number, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sftp.read(handle, Buffer.alloc(length), 0, length, position, (error, bytes, buffer) => {
      if (!error) resolve(buffer.subarray(0, bytes));
      else if (statusSchema.safeParse(error).data?.code === 1) resolve(Buffer.alloc(0));
      else reject(error);
    });
  });
}

/** Works through `size` bytes in chunks, many at once. */
async function inFlight(
  size: number,
  signal: AbortSignal | undefined,
  work: (position: number, length: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < size) {
      signal?.throwIfAborted();
      const position = next;
      next += CHUNK_BYTES;
      await work(position, Math.min(CHUNK_BYTES, size - position));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}
