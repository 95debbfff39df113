import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/** From the sources of the project, its doubles and a private Redis, ms. */
const STARTS_WITHIN_MS = 60_000;
/** How long it may take to end in good order, ms. */
const ENDS_WITHIN_MS = 15_000;
const WORDS_KEPT = 600;

const lineSchema = z.object({
  demo: z.object({ port: z.number().int().min(1).max(65_535), password: z.string().min(1) }),
});

/** A demo that runs: its private Redis on 127.0.0.1, and what ends all of it. */
interface RunningDemo {
  port: number;
  password: string;
  stop(): Promise<void>;
}

/**
 * The demo workshop of the project's sources, where they are: an installed app has none.
 * @param root the folder of the sources.
 */
export function demoSource(root: string) {
  const entry = join(root, 'resources/demo/main.ts');
  // The project brings the Node that its sources are written for; Electron is no plain one.
  const own = join(root, 'node_modules/.bin/node');
  const node = existsSync(own) || process.versions.electron ? own : process.execPath;
  return {
    missing(): 'sources' | 'redis-server' | null {
      if (!existsSync(entry) || !existsSync(node)) return 'sources';
      return isCommand('redis-server') ? null : 'redis-server';
    },
    start: (ended: () => void) => start(node, entry, ended),
  };
}

function isCommand(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function start(node: string, entry: string, ended: () => void): Promise<RunningDemo> {
  // Its standard input is the lifeline: when this process goes, however it goes, the demo ends itself.
  const child = spawn(node, ['--no-warnings', entry, '--for-console'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const gone = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-WORDS_KEPT);
  });
  child.stdin.on('error', () => {});
  const stop = async () => {
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
    await gone;
    clearTimeout(late);
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      clearTimeout(late);
      void stop();
      reject(
        new WorkshopError('INTERNAL', `The demo did not start: ${why}`, {
          remedy: 'Try once more. Your workshops are not touched by it.',
        }),
      );
    };
    const late = setTimeout(() => fail('it takes too long.'), STARTS_WITHIN_MS);
    void gone.then(() => fail(words.trim().split('\n').at(-1) || 'it ended at once.'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const told = lineSchema.safeParse(jsonOf(line));
      if (!told.success) return;
      clearTimeout(late);
      resolve({ ...told.data.demo, stop });
      void gone.then(ended);
    });
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
