import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

export interface PrivateRedisOptions {
  port?: number;
  password?: string;
  /** Append-only file with everysec, as on the VPS (contract 1.1). Default: nothing is kept on disk. */
  appendOnly?: boolean;
  /** Default as the platform's: `everysec`, which may owe the disk what it has answered. */
  fsync?: 'always' | 'everysec';
  /** Folder to make its own folder in. Default: the system's temp folder. */
  parentDir?: string;
}

/** A real redis-server of our own on a loopback port, in its own folder. */
export interface PrivateRedis {
  readonly port: number;
  readonly password: string | undefined;
  /** Process id of the server that runs now; undefined while it is down. */
  pid(): number | undefined;
  /** A new client; closed with the server. */
  client(): Redis;
  /** SIGKILL, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. */
  start(): Promise<void>;
  /** Freezes and thaws the process. */
  signal(signal: NodeJS.Signals): void;
  /** Ends server and clients and removes the folder. Idempotent. */
  stop(): Promise<void>;
}

/** How long a server may take until it answers, ms. */
const ANSWERS_WITHIN_MS = 15_000;

/**
 * Starts a private redis-server and waits until it answers. It lives in a process group of its own: Ctrl-C in a
 * terminal reaches us, not it.
 * @throws Error when it does not start, with the server's own last words.
 */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const dir = await mkdtemp(join(options.parentDir ?? tmpdir(), 'workshop-redis-'));
  const port = options.port ?? (await freePort());
  const { password } = options;
  const configuration = join(dir, 'redis.conf');
  const clients: Redis[] = [];
  let child: ChildProcess | undefined;

  // A file, not arguments: a password among the arguments is readable by everyone on the machine.
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir "${dir}"`, 'save ""'],
    ...[`appendonly ${options.appendOnly ? 'yes' : 'no'}`, `appendfsync ${options.fsync ?? 'everysec'}`],
    ...(password === undefined ? [] : [`requirepass "${password}"`]),
  ];
  await writeFile(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });

  const start = async () => {
    const server = spawn('redis-server', [configuration], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    child = server;
    let words = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-1000);
    });
    await Promise.race([
      once(server, 'spawn'),
      once(server, 'error').then(([cause]) => Promise.reject(cause)),
    ]);
    const answered = new AbortController();
    try {
      await Promise.race([
        untilAnswering(port, password, answered.signal),
        once(server, 'exit', { signal: answered.signal }).then(() =>
          Promise.reject(new Error(`redis-server on port ${port} ended at once: ${words.trim()}`)),
        ),
      ]);
    } finally {
      answered.abort();
    }
  };
  const kill = async () => {
    const server = child;
    child = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  let stopped: Promise<void> | undefined;

  const stop = () => {
    stopped ??= (async () => {
      for (const client of clients) client.disconnect();
      await kill();
      await rm(dir, { recursive: true, force: true });
    })();
    return stopped;
  };

  try {
    await start();
  } catch (cause) {
    await stop();
    throw cause;
  }
  return {
    port,
    password,
    pid: () => child?.pid,
    client() {
      const client = new Redis({ host: '127.0.0.1', port, password });
      client.on('error', () => {});
      clients.push(client);
      return client;
    },
    kill,
    start,
    signal: (signal) => void child?.kill(signal),
    stop,
  };
}

async function untilAnswering(port: number, password: string | undefined, stop: AbortSignal): Promise<void> {
  const probe = new Redis({
    host: '127.0.0.1',
    port,
    password,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  probe.on('error', () => {});
  const late = AbortSignal.any([stop, AbortSignal.timeout(ANSWERS_WITHIN_MS)]);
  try {
    await Promise.race([
      probe.ping(),
      new Promise((_, reject) => {
        late.addEventListener('abort', () =>
          reject(new Error(`redis-server on port ${port} does not answer`)),
        );
      }),
    ]);
  } finally {
    probe.disconnect();
  }
}
