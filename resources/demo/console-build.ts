import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join, resolve } from 'node:path';
import { isBuildCurrent } from '../../src-main/shells/build-state.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The console's bundle for the web shell. */
export const WEB_SHELL = join(ROOT, 'out', 'main', 'web.js');

/** Builds the console unless the bundle is younger than every source. @throws Error with the build's last lines. */
export async function ensureConsoleBuilt(): Promise<'fresh' | 'built'> {
  if (await isBuildCurrent(ROOT)) return 'fresh';
  const bin = join(ROOT, 'node_modules', '.bin');
  const child = spawn(join(bin, 'electron-vite'), ['build'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  let words = '';
  const listen = (text: Buffer) => {
    words = (words + text.toString()).slice(-3000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The console could not be built:\n${words}`);
  return 'built';
}
