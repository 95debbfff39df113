import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineStreamOptions {
  command: readonly string[];
  args: readonly string[];
  /** Pause before a command that ended is started again, ms. */
  retryMs: number;
  onLine: (line: string) => void;
  /** The command could not be started, or ended; it is tried again after the pause. */
  onEnd: (
    end: { kind: 'unstartable'; cause: NodeJS.ErrnoException } | { kind: 'ended'; code: number | null },
  ) => void;
}

/** Keeps one command alive and hands on what it prints, stdout and stderr alike. */
export function keepLineStream(options: LineStreamOptions): { close(): void } {
  const [file = '', ...leading] = options.command;
  let child: ChildProcess | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const start = () => {
    let over = false;
    const once = (report: () => void) => {
      if (over || closed) return;
      over = true;
      report();
      retry = setTimeout(start, options.retryMs);
    };
    child = spawn(file, [...leading, ...options.args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      if (stream) createInterface({ input: stream }).on('line', options.onLine);
    child.once('error', (cause) => once(() => options.onEnd({ kind: 'unstartable', cause })));
    child.once('close', (code) => once(() => options.onEnd({ kind: 'ended', code })));
  };
  start();
  return {
    close() {
      closed = true;
      clearTimeout(retry);
      child?.kill('SIGTERM');
    },
  };
}
