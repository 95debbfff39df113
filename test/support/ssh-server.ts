import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../resources/demo/free-port.ts';

/** A real OpenSSH server on a loopback port, with keys and a folder of its own. */
export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Private key that it lets in. */
  readonly keyFile: string;
  /** As `ssh-keygen -lf` writes it. */
  readonly fingerprint: string;
  /** Its public host key. */
  readonly hostKeyFile: string;
  /** A folder of the "VPS"; removed with the server. */
  readonly home: string;
  /** What comes to its sessions from now on is not heard, until they are killed. */
  freezeSessions(): void;
  /** SIGKILL to every session: connections break in the middle of what they do. */
  killSessions(): void;
  /** Stops listening and breaks all sessions. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  start(): Promise<void>;
  sessions(): number;
  /** Lets this public key in as well. */
  authorize(publicKeyFile: string): void;
  /** Shows another host key from the next connection on. */
  changeHostKey(): Promise<void>;
  close(): Promise<void>;
}

const START_LIMIT_MS = 10_000;

/**
 * @param options.readOnly answers every write with "permission denied".
 * @param options.ownHome who logs in has `home` as $HOME, as on a machine of its own, and finds programs in its bin
 *   first; one root folder for all servers.
 */
export async function startSshServer(
  options: { readOnly?: boolean; ownHome?: boolean } = {},
): Promise<SshServer> {
  const dir = mkdtempSync(join(tmpdir(), 'workshop-sshd-'));
  const home = join(dir, 'home');
  mkdirSync(home);
  const keyFile = join(dir, 'client_key');
  makeKey(keyFile);
  makeKey(join(dir, 'host_key'));
  writeFileSync(join(dir, 'authorized_keys'), readFileSync(`${keyFile}.pub`));
  // Without this folder sshd refuses to start.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(dir, 'host_key')}`,
    `PidFile ${join(dir, 'sshd.pid')}`,
    `AuthorizedKeysFile ${join(dir, 'authorized_keys')}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'MaxStartups 100',
    'MaxSessions 20',
    `Subsystem sftp internal-sftp${options.readOnly ? ' -R' : ''}`,
    'LogLevel VERBOSE',
    // bash reads the person's .bashrc for sshd unless it is not the first shell: what they keep there (version managers
    // that take locks) is no part of these tests, and a session that is killed in the middle of it blocks all later ones.
    `SetEnv SHLVL=5${options.ownHome ? ` HOME=${home} PATH=${home}/bin:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` : ''}`,
  ];
  writeFileSync(join(dir, 'sshd_config'), `${config.join('\n')}\n`);
  let daemon: ChildProcess | undefined;

  const server: SshServer = {
    port,
    user: userInfo().username,
    keyFile,
    fingerprint: fingerprintOf(join(dir, 'host_key.pub')),
    hostKeyFile: join(dir, 'host_key.pub'),
    home,
    freezeSessions() {
      for (const pid of daemon?.pid ? descendants(daemon.pid) : []) process.kill(pid, 'SIGSTOP');
    },
    killSessions() {
      for (const pid of daemon?.pid ? descendants(daemon.pid) : []) kill(pid);
    },
    authorize(publicKeyFile) {
      appendFileSync(join(dir, 'authorized_keys'), readFileSync(publicKeyFile));
    },
    async changeHostKey() {
      await server.stop();
      rmSync(join(dir, 'host_key'));
      makeKey(join(dir, 'host_key'));
      await server.start();
    },
    sessions: () => (daemon?.pid ? descendants(daemon.pid).length : 0),
    async stop() {
      if (!daemon?.pid || daemon.exitCode !== null || daemon.signalCode !== null) return;
      const sessions = descendants(daemon.pid);
      const gone = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await gone;
      for (const pid of sessions) kill(pid);
    },
    async start() {
      const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(dir, 'sshd_config')], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      daemon = child;
      let said = '';
      child.stderr.on('data', (part) => {
        said = (said + part).slice(-4000);
      });
      const deadline = Date.now() + START_LIMIT_MS;
      while (!(await answers(port))) {
        if (child.exitCode !== null || Date.now() > deadline) throw new Error(`sshd does not start: ${said}`);
        await wait(10);
      }
    },
    async close() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  await server.start();
  return server;
}

export function fingerprintOf(publicKey: string): string {
  const line = execFileSync('ssh-keygen', ['-lf', publicKey], { encoding: 'utf8' });
  const fingerprint = line.split(' ')[1];
  if (!fingerprint?.startsWith('SHA256:')) throw new Error(`no fingerprint in ${line}`);
  return fingerprint;
}

export function makeKey(path: string, passphrase = ''): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
}

/** All processes below one, from /proc. */
export function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const found: number[] = [];
  for (const pid of children.get(root) ?? []) found.push(pid);
  for (let at = 0; at < found.length; at++) found.push(...(children.get(found[at] ?? 0) ?? []));
  return found;
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (yes: boolean) => {
      socket.destroy();
      resolve(yes);
    };
    socket.once('data', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
