import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import { root } from '../support/run-step.ts';

/** A real process that the storm kills, freezes and starts again. */
export interface Restartable {
  readonly name: string;
  running(): boolean;
  start(): void;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** SIGTERM and wait; SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Wraps `node ARGS` with its output appended to `log`. */
export function restartable(name: string, args: string[], env: NodeJS.ProcessEnv, log: string): Restartable {
  let child: ChildProcess | undefined;
  const running = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const gone = async () => {
    if (running() && child) await once(child, 'exit');
  };
  return {
    name,
    running,
    start: () => {
      if (running()) return;
      child = spawn(resolve(root, 'node_modules/.bin/node'), args, {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const sink = createWriteStream(log, { flags: 'a' });
      child.stdout?.pipe(sink, { end: false });
      child.stderr?.pipe(sink, { end: false });
      child.once('exit', () => sink.end());
    },
    kill: async () => {
      child?.kill('SIGCONT');
      child?.kill('SIGKILL');
      await gone();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    stop: async (graceMs) => {
      if (!running()) return;
      child?.kill('SIGCONT');
      child?.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), graceMs);
      await gone();
      clearTimeout(timer);
    },
  };
}
