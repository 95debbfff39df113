/** Types only: services and domain may see this file. Whoever builds one stands beside it. */

export interface ExecResult {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  stdin?: string | Uint8Array;
  timeoutMs?: number;
  signal?: AbortSignal;
  maxBytes?: number;
  onStdout?: (text: string) => void;
  onStderr?: (text: string) => void;
}

/** A machine that commands can be run on and files put on: over SSH, or this one. */
export interface RemoteHost {
  /** For sentences: "the GPU host (root@1.2.3.4)". */
  readonly label: string;
  /**
   * Runs one program; arguments are quoted by the host, never joined by the caller. A dropped link rejects
   * (code HOST_LINK_LOST), it never looks like an exit. A program that is not there exits with 127.
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Runs a POSIX shell script given on stdin to `sh -s -- args`; the script is constant, values travel as args. */
  script(text: string, args?: readonly string[], options?: Omit<ExecOptions, 'stdin'>): Promise<ExecResult>;
  /**
   * A long-running command, line by line; resolves when it ends by itself; rejects when the link is lost or aborted.
   * A line of more than 65,536 characters comes in pieces of that length.
   */
  lines(
    argv: readonly string[],
    onLine: (line: string, from: 'stdout' | 'stderr') => void,
    signal: AbortSignal,
  ): Promise<ExecResult>;
  readonly files: RemoteFiles;
  /** Logs in anew, so that groups the user was put in meanwhile count. Missing where there is no login. */
  renew?(): Promise<void>;
}

export interface RemoteFiles {
  stat(
    path: string,
  ): Promise<{ size: number; mode: number; mtimeMs: number; isDirectory: boolean } | undefined>;
  /** @param from first byte that is read. Default 0. */
  read(path: string, maxBytes: number, from?: number): Promise<Buffer | undefined>;
  /** Atomic: draft beside it, fsync where possible, mode set before content, rename. */
  write(path: string, data: string | Uint8Array, mode: number): Promise<void>;
  upload(
    from: string,
    to: string,
    options: {
      mode: number;
      signal?: AbortSignal;
      onProgress?: (sentBytes: number, totalBytes: number) => void;
    },
  ): Promise<void>;
  list(path: string): Promise<string[]>;
  mkdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}
