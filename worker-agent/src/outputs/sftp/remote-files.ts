import type { FileEntry, SFTPWrapper, Stats } from 'ssh2';
import { operationFailure, RemoteFailure } from './remote-failure.ts';

/** Longest silence of one operation on an otherwise living connection: a disk on the VPS that hangs. */
const OPERATION_LIMIT_MS = 60_000;

export interface RemoteStat {
  kind: 'file' | 'folder' | 'link' | 'other';
  size: number;
  /** Epoch seconds, as SFTP version 3 tells it. */
  mtime: number;
}

/**
 * File operations over one SFTP session, as promises. Each one ends: with its answer, with RemoteFailure, or with
 * `lost` when the session ends or hangs.
 */
export interface RemoteFiles {
  /** A link is not followed; undefined when there is nothing. */
  lstat(path: string): Promise<RemoteStat | undefined>;
  /** Links followed. @throws RemoteFailure `missing` */
  realpath(path: string): Promise<string>;
  /** @returns false when something of that name is there already. */
  mkdir(path: string, mode: number): Promise<boolean>;
  open(path: string, how: 'read' | 'create' | 'continue'): Promise<Buffer>;
  fstat(handle: Buffer): Promise<RemoteStat>;
  /** @returns fewer bytes than asked for at the end of the file. */
  read(handle: Buffer, position: number, length: number): Promise<Buffer>;
  write(handle: Buffer, bytes: Buffer, position: number): Promise<void>;
  /** To the disk of the VPS, where the server can do that. */
  sync(handle: Buffer): Promise<void>;
  close(handle: Buffer): Promise<void>;
  /** Never replaces (SFTP version 3; OpenSSH makes a hard link). @returns false when the name is taken. */
  rename(from: string, to: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  names(folder: string): Promise<string[]>;
  /** Bytes that this user may still write there; null when the server does not tell. */
  freeBytes(path: string): Promise<number | null>;
}

/** How ssh2 numbers the flags of SSH_FXP_OPEN. */
const OPEN = {
  read: 0x01,
  continue: 0x01 | 0x02,
  create: 0x01 | 0x02 | 0x08 | 0x20,
} as const;

type Callback<T> = (error: Error | null | undefined, value: T) => void;

/** @param onHang called when an operation got no answer: the connection is of no more use. */
export function remoteFiles(sftp: SFTPWrapper, onHang: () => void): RemoteFiles {
  // ssh2 leaves calls without an answer when the session ends abruptly, and those made after its end.
  const unanswered = new Set<() => void>();
  let ended = false;
  sftp.once('close', () => {
    ended = true;
    for (const giveUp of unanswered) giveUp();
  });
  const ask = <T>(act: string, start: (done: Callback<T>) => unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        unanswered.delete(giveUp);
      };
      const fail = (cause: unknown) => {
        settle();
        reject(operationFailure(cause, act));
      };
      const giveUp = () => fail(new Error('No response from server'));
      const timer = setTimeout(() => {
        fail(new RemoteFailure('lost', `the VPS takes too long to ${act}`, 'Look at the disk of the VPS.'));
        onHang();
      }, OPERATION_LIMIT_MS);
      if (ended) return giveUp();
      unanswered.add(giveUp);
      try {
        start((error, value) => {
          if (error) return fail(error);
          settle();
          resolve(value);
        });
      } catch (cause) {
        fail(cause);
      }
    });
  const lstat = (path: string) =>
    ask<Stats>(`look at ${path}`, (done) => sftp.lstat(path, done)).then(
      toStat,
      otherwise('missing', undefined),
    );

  return {
    lstat,
    realpath: (path) => ask<string>(`find ${path}`, (done) => sftp.realpath(path, done)),
    async mkdir(path, mode) {
      try {
        await ask<void>(`make the folder ${path}`, (done) => sftp.mkdir(path, { mode }, done));
        return true;
      } catch (cause) {
        if (await lstat(path)) return false;
        throw cause;
      }
    },
    open: (path, how) => ask<Buffer>(`open ${path}`, (done) => sftp.open(path, OPEN[how], 0o644, done)),
    fstat: (handle) => ask<Stats>('look at a file', (done) => sftp.fstat(handle, done)).then(toStat),
    async read(handle, position, length) {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const count = await ask<number>('read a file', (done) =>
          sftp.read(handle, buffer, filled, length - filled, position + filled, done),
        );
        if (count === 0) break;
        filled += count;
      }
      return buffer.subarray(0, filled);
    },
    write: (handle, bytes, position) =>
      ask<void>('write a file', (done) => sftp.write(handle, bytes, 0, bytes.length, position, done)),
    sync: (handle) =>
      ask<void>('sync a file', (done) => sftp.ext_openssh_fsync(handle, done)).catch((cause: unknown) => {
        if (cause instanceof RemoteFailure && cause.kind === 'lost') throw cause;
      }),
    close: (handle) => ask<void>('close a file', (done) => sftp.close(handle, done)),
    async rename(from, to) {
      try {
        if (await lstat(to)) return false;
        await ask<void>(`name ${to}`, (done) => sftp.rename(from, to, done));
        return true;
      } catch (cause) {
        // "Failure" is all that OpenSSH says when the name was taken in the meantime.
        if (cause instanceof RemoteFailure && cause.kind === 'wrong' && (await lstat(to))) return false;
        throw cause;
      }
    },
    remove: (path) =>
      ask<void>(`remove ${path}`, (done) => sftp.unlink(path, done)).catch(otherwise('missing', undefined)),
    names: (folder) =>
      ask<FileEntry[]>(`list ${folder}`, (done) => sftp.readdir(folder, done)).then((entries) =>
        entries.map((entry) => entry.filename),
      ),
    freeBytes: (path) =>
      ask<{ f_bavail: number; f_frsize: number }>(`measure ${path}`, (done) =>
        // The type leaves the answer open; these are the fields of statvfs@openssh.com.
        sftp.ext_openssh_statvfs(path, done as Callback<unknown>),
      ).then(
        ({ f_bavail, f_frsize }) => (f_frsize > 0 ? f_bavail * f_frsize : null),
        (cause: unknown) => {
          if (cause instanceof RemoteFailure && cause.kind === 'lost') throw cause;
          return null;
        },
      ),
  };
}

function otherwise<T>(kind: RemoteFailure['kind'], value: T): (cause: unknown) => T {
  return (cause) => {
    if (cause instanceof RemoteFailure && cause.kind === kind) return value;
    throw cause;
  };
}

function toStat(stats: Stats): RemoteStat {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'folder'
      : stats.isSymbolicLink()
        ? 'link'
        : 'other';
  return { kind, size: stats.size, mtime: stats.mtime };
}
