import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { commandPath, ensureSystemPackages } from '../../resources/demo/system-packages.ts';

const execute = promisify(execFile);

/** A real Docker engine of our own: own data, own socket, no network of its own, nothing left behind. */
export interface DockerEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Runs `docker` against it. @returns standard output. */
  docker(...args: string[]): Promise<string>;
  /**
   * Makes an image out of Node, the ComfyUI double and a `python3` that runs it for `main.py`. What it then does can
   * be changed by `<user folder>/behaviour.json`; see `pythonShim`.
   */
  makeComfyImage(tag: string): Promise<void>;
  /** Ends the engine, and with it all containers, as an upgrade of Docker does; `start` is the way back. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Ends all containers and the engine, unmounts and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

export type EngineStart = { kind: 'ready'; engine: DockerEngine } | { kind: 'unavailable'; reason: string };

/** Starts the engine, or says why this machine cannot. */
export async function startDockerEngine(): Promise<EngineStart> {
  if (process.platform !== 'linux') return { kind: 'unavailable', reason: 'a Docker engine needs Linux' };
  if (process.getuid?.() !== 0) return { kind: 'unavailable', reason: 'a Docker engine needs root' };
  ensureSystemPackages(['docker.io', 'docker-compose']);
  const dockerd = commandPath('docker.io');
  if (dockerd === undefined) return { kind: 'unavailable', reason: 'dockerd is not installed' };

  const folder = await mkdtemp(join(tmpdir(), 'workshop-docker-'));
  const host = `unix://${folder}/docker.sock`;
  const environment = { ...process.env, DOCKER_HOST: host };
  const docker = async (...args: string[]) => {
    const { stdout } = await execute('docker', args, { env: environment, maxBuffer: 1e8 });
    return stdout;
  };
  let log = '';
  let daemon: ChildProcess | undefined;
  const launch = (): Promise<boolean> => {
    const child = spawn(
      dockerd,
      [
        ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--bridge=none'],
        ...['--storage-driver=vfs', '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
        ...['-H', host, '--pidfile', join(folder, 'pid')],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
    daemon = child;
    return untilAnswering(child, docker);
  };
  const halt = async () => {
    if (daemon) await endDaemon(daemon);
  };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await removeEverything(docker);
      await halt();
      await removeFolder(folder);
    })();
    return stopped;
  };
  if (!(await launch())) {
    await stop();
    return { kind: 'unavailable', reason: `dockerd does not start: ${lastError(log)}` };
  }
  return {
    kind: 'ready',
    engine: {
      host,
      docker,
      halt,
      async start() {
        if (!(await launch())) throw new Error(`dockerd does not start again: ${lastError(log)}`);
      },
      stop,
      makeComfyImage: (tag) => makeComfyImage(folder, docker, tag),
    },
  };
}

type DockerCommand = DockerEngine['docker'];

async function untilAnswering(daemon: ChildProcess, docker: DockerCommand): Promise<boolean> {
  const deadline = performance.now() + 90_000;
  while (performance.now() < deadline && daemon.exitCode === null) {
    try {
      await docker('version', '--format', '{{.Server.Version}}');
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return false;
}

function lastError(log: string): string {
  const lines = log.trim().split('\n');
  return (
    lines.findLast((line) => /level=(error|fatal)|failed/.test(line)) ?? lines.at(-1) ?? 'no reason given'
  );
}

async function removeEverything(docker: DockerCommand): Promise<void> {
  try {
    const ids = (await docker('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    if (ids.length > 0) await docker('rm', '--force', ...ids);
    // A network left behind would stay on the machine as a bridge after the engine is gone.
    const networks = (await docker('network', 'ls', '--quiet', '--filter', 'type=custom')).split('\n');
    for (const network of networks.filter(Boolean)) await docker('network', 'rm', network);
  } catch {
    // The engine may be half dead already; ending it is what counts.
  }
}

async function endDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const gone = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const hard = setTimeout(() => daemon.kill('SIGKILL'), 20_000);
  await gone;
  clearTimeout(hard);
}

async function removeFolder(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const ours = mounts.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
  for (const path of ours.filter((path) => path.startsWith(`${folder}/`)).reverse())
    await execute('umount', ['--lazy', path]).catch(() => {});
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function makeComfyImage(folder: string, docker: DockerCommand, tag: string): Promise<void> {
  const root = join(folder, 'image');
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'workspace/ComfyUI'), { recursive: true });
  await mkdir(join(root, 'opt'), { recursive: true });
  await mkdir(join(root, 'tmp'), { recursive: true });
  await copyFile(process.execPath, join(root, 'usr/bin/node'));
  for (const library of await librariesOf(process.execPath)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
  await bundle(
    join(import.meta.dirname, '../../resources/demo/comfy-double/main.ts'),
    join(root, 'opt/comfy-double.mjs'),
  );
  await writeFile(join(root, 'usr/bin/python3'), PYTHON_SHIM);
  await chmod(join(root, 'usr/bin/python3'), 0o755);
  const archive = join(folder, 'image.tar');
  await execute('tar', ['-C', root, '-cf', archive, '.']);
  await docker('import', '--change', 'ENV PATH=/usr/bin', archive, tag);
  await rm(archive);
  await rm(root, { recursive: true });
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await execute('ldd', [program]);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}

async function bundle(input: string, file: string): Promise<void> {
  const build = await rolldown({ input, platform: 'node', logLevel: 'silent' });
  await build.write({ file, format: 'esm', codeSplitting: false });
  await build.close();
}

/**
 * Stands in for Python in the image, so that the compose file under test is the one that real hosts get:
 * `python3 main.py …` becomes the ComfyUI double on the same port and folders, `python3 -c "…urlopen('URL'…"` (the
 * healthcheck) asks the URL. behaviour.json in the user folder: `{"mode":"crash"}` ends with code 3 and a traceback,
 * `{"mode":"hog"}` takes RAM without end, `{"mode":"slow","ms":N}` listens late.
 */
const PYTHON_SHIM = String.raw`#!/usr/bin/node
const { existsSync, readFileSync } = require('node:fs');
const [what, ...rest] = process.argv.slice(2);
const value = (flag) => rest[rest.indexOf(flag) + 1];
async function main() {
  if (what === '-c') {
    const url = rest[0].match(/urlopen\('([^']+)'/)[1];
    const answer = await fetch(url, { signal: AbortSignal.timeout(8000) });
    process.exit(answer.ok ? 0 : 1);
  }
  const file = value('--user-directory') + '/behaviour.json';
  const behaviour = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { mode: 'fine' };
  console.log('Total VRAM 81559 MB, total RAM 2000 MB');
  if (behaviour.mode === 'crash') {
    console.error('Traceback (most recent call last):\n  File "main.py", line 1\nModuleNotFoundError: No module named \'torchsde\'');
    process.exit(3);
  }
  if (behaviour.mode === 'hog') {
    const held = [];
    for (;;) held.push(Buffer.alloc(16 * 1024 * 1024, held.length + 1));
  }
  if (behaviour.mode === 'slow') await new Promise((resolve) => setTimeout(resolve, behaviour.ms));
  process.argv = [
    process.argv[0], '/opt/comfy-double.mjs',
    '--host', value('--listen'), '--port', value('--port'), '--control', '--speed', '10',
    '--output-directory', value('--output-directory'), '--input-directory', value('--input-directory'),
  ];
  await import('/opt/comfy-double.mjs');
}
main().catch((cause) => { console.error(cause); process.exit(1); });
`;
