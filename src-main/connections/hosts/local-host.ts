import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { cutLines } from '../../domain/cut-lines.ts';
import { localFiles } from './local-files.ts';
import type { ExecOptions, ExecResult, RemoteHost } from './remote-host.ts';

/** Most text kept of one stream unless the caller says otherwise, bytes; what comes after is only passed on. */
const MAX_BYTES = 4 * 1024 * 1024;
/** What a shell exits with when it does not find a program. */
const NOT_FOUND = 127;

export interface LocalHostOptions {
  label?: string;
  /** Environment of what runs; default: the console's own. */
  env?: NodeJS.ProcessEnv;
}

/** The machine that the console runs on, by the same verbs as one over SSH. */
export function createLocalHost({ label = 'this computer', env }: LocalHostOptions = {}): RemoteHost {
  const exec = (argv: readonly string[], options: ExecOptions = {}) => run(argv, options, env ?? process.env);
  return {
    label,
    exec,
    script: (text, args = [], options = {}) => exec(['sh', '-s', '--', ...args], { ...options, stdin: text }),
    lines: (argv, onLine, signal) => follow(argv, onLine, signal, env ?? process.env),
    files: localFiles,
  };
}

function start(argv: readonly string[], env: NodeJS.ProcessEnv) {
  const [command, ...args] = argv;
  if (command === undefined) throw new WorkshopError('INTERNAL', 'No program was named.');
  // A group of its own, so that an end reaches what the program started; on Windows that would open a window.
  return spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, windowsHide: true, env });
}

function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function run(argv: readonly string[], options: ExecOptions, env: NodeJS.ProcessEnv): Promise<ExecResult> {
  const { stdin, timeoutMs, signal, maxBytes = MAX_BYTES } = options;
  return new Promise((done, fail) => {
    signal?.throwIfAborted();
    const child = start(argv, env);
    const told = { stdout: '', stderr: '' };
    const listen = (from: 'stdout' | 'stderr', pass?: (text: string) => void) => {
      const decoder = new StringDecoder();
      const take = (text: string) => {
        if (text === '') return;
        if (told[from].length < maxBytes) told[from] += text.slice(0, maxBytes - told[from].length);
        pass?.(text);
      };
      child[from].on('data', (bytes: Buffer) => take(decoder.write(bytes)));
      child[from].on('end', () => take(decoder.end()));
    };
    listen('stdout', options.onStdout);
    listen('stderr', options.onStderr);

    const settle = (act: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const onAbort = () => {
      end(child.pid);
      settle(() => fail(signal?.reason));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = timeoutMs
      ? setTimeout(() => {
          end(child.pid);
          settle(() => fail(tookTooLong(argv, timeoutMs)));
        }, timeoutMs)
      : undefined;
    child.once('error', (cause) => settle(() => (isAbsent(cause) ? done(absent(argv)) : fail(cause))));
    child.once('close', (code, ended) => settle(() => done({ code, signal: ended, ...told })));
    // A program may end without having read all of it.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}

function follow(
  argv: readonly string[],
  onLine: (line: string, from: 'stdout' | 'stderr') => void,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<ExecResult> {
  return new Promise((done, fail) => {
    signal.throwIfAborted();
    const child = start(argv, env);
    child.stdin.on('error', () => {});
    child.stdin.end();
    for (const from of ['stdout', 'stderr'] as const) {
      const lines = cutLines((line) => {
        if (!signal.aborted) onLine(line, from);
      });
      const decoder = new StringDecoder();
      child[from].on('data', (bytes: Buffer) => lines.take(decoder.write(bytes)));
      child[from].on('end', () => {
        lines.take(decoder.end());
        lines.end();
      });
    }
    const onAbort = () => {
      end(child.pid);
      fail(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      act();
    };
    child.once('error', (cause) => settle(() => (isAbsent(cause) ? done(absent(argv)) : fail(cause))));
    child.once('close', (code, ended) => settle(() => done({ code, signal: ended, stdout: '', stderr: '' })));
  });
}

function isAbsent(cause: Error): boolean {
  return 'code' in cause && cause.code === 'ENOENT';
}

function absent([command]: readonly string[]): ExecResult {
  return { code: NOT_FOUND, signal: null, stdout: '', stderr: `${command}: not found` };
}

function tookTooLong([command]: readonly string[], timeoutMs: number): WorkshopError {
  return new WorkshopError(
    'HOST_TIMEOUT',
    `${command} did not end within ${Math.round(timeoutMs / 1000)} s on this computer.`,
    { remedy: 'Look whether the machine is overloaded, then try again.' },
  );
}
