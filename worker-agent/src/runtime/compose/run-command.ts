import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a command came out. A non-zero exit code is a value, since callers know what to make of it. */
export type CommandResult =
  | { kind: 'done'; code: number; stdout: string; stderr: string }
  /** The program is not on this machine. */
  | { kind: 'missing' }
  | { kind: 'timeout'; afterMs: number; stderr: string }
  | { kind: 'aborted' };

export interface CommandOptions {
  environment: NodeJS.ProcessEnv;
  /** After this long it is ended by SIGTERM, and by SIGKILL five seconds later. */
  timeoutMs: number;
  /** Ends it early; the result is then `aborted`. */
  signal?: AbortSignal | undefined;
  /** Called with each finished line of either stream, as it comes. */
  onLine?: ((line: string) => void) | undefined;
}

/** What is kept of each stream; the rest of a longer one is lost at its beginning. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;
const KILL_AFTER_MS = 5000;

/** Runs a program by its argument vector, never through a shell. Never rejects. */
export function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program = '', ...rest] = argv;
  const { signal, timeoutMs, onLine } = options;
  if (signal?.aborted) return Promise.resolve({ kind: 'aborted' });
  return new Promise((resolve) => {
    let ended: 'timeout' | 'aborted' | undefined;
    let hardKill: NodeJS.Timeout | undefined;
    const child = spawn(program, rest, { env: options.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    const end = (reason: 'timeout' | 'aborted') => {
      if (ended) return;
      ended = reason;
      child.kill('SIGTERM');
      hardKill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    const onAbort = () => end('aborted');
    const timer = setTimeout(() => end('timeout'), timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (result: CommandResult) => {
      clearTimeout(timer);
      clearTimeout(hardKill);
      signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };

    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      stream.setEncoding('utf8');
      stream.on('data', (chunk: string) => {
        output[name] = (output[name] + chunk).slice(-KEPT_CHARACTERS);
      });
      if (onLine) createInterface({ input: stream }).on('line', onLine);
    }
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      settle(
        cause.code === 'ENOENT'
          ? { kind: 'missing' }
          : { kind: 'done', code: 126, stdout: '', stderr: cause.message },
      );
    });
    child.once('close', (code) => {
      if (ended === 'timeout') settle({ kind: 'timeout', afterMs: timeoutMs, stderr: output.stderr });
      else if (ended === 'aborted') settle({ kind: 'aborted' });
      else settle({ kind: 'done', code: code ?? 137, ...output });
    });
  });
}
