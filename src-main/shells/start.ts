import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isAgentCurrent, isBuildCurrent } from './build-state.ts';

/**
 * `npm start [-- --web] [--no-open] [--port N]`: builds what is missing or old, then opens the desktop app, or the web
 * shell where it was asked for or Electron's binary is not there. Run by plain Node.
 */
const root = resolve(import.meta.dirname, '../..');
const { values } = parseArgs({
  options: {
    web: { type: 'boolean', default: false },
    'no-open': { type: 'boolean', default: false },
    port: { type: 'string' },
  },
});

if (!(await isBuildCurrent(root))) {
  console.log('Building the console …');
  const code = await run('electron-vite', ['build', '--logLevel', 'warn']);
  if (code !== 0) process.exit(code);
}

if (!(await isAgentCurrent(root))) {
  console.log('Building the agent …');
  const code = await run(process.execPath, [join(root, 'worker-agent/build.ts')]);
  if (code !== 0) process.exit(code);
}

const electron = values.web ? undefined : electronBinary();
if (electron) {
  process.exitCode = await run(electron, [root]);
} else {
  if (!values.web)
    console.log(
      'Electron’s binary is not on this machine (npx install-electron fetches it), so the web shell opens instead.',
    );
  // In this very process: one to signal, one to end.
  process.argv.splice(
    2,
    process.argv.length,
    ...(values['no-open'] ? ['--no-open'] : []),
    ...(values.port === undefined ? [] : ['--port', values.port]),
  );
  await import(pathToFileURL(join(root, 'out/main/web.js')).href);
}

/** Path of the binary if it is there. Never asks the electron package, which would try to download it. */
function electronBinary(): string | undefined {
  const folder = join(root, 'node_modules/electron');
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return undefined;
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist');
  const binary = join(dist, readFileSync(pathFile, 'utf8').trim());
  return existsSync(binary) ? binary : undefined;
}

/** Runs a program with the project's own binaries first on the PATH; signals reach it. @returns its exit code. */
function run(command: string, args: readonly string[]): Promise<number> {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
    shell: process.platform === 'win32' && command === 'electron-vite',
  });
  // In a terminal Ctrl-C reaches the child by itself; others signal only us.
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on('SIGTERM', pass);
  process.on('SIGINT', () => {});
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      process.off('SIGTERM', pass);
      done(code ?? (signal ? 1 : 0));
    });
  });
}
