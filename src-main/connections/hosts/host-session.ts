import type { Duplex } from 'node:stream';
import type { SFTPWrapper } from 'ssh2';
import type { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { cutLines } from '../../domain/cut-lines.ts';
import type { ExecOptions, ExecResult, RemoteHost } from './remote-host.ts';
import type { SshConnection } from './ssh-connect.ts';
import { execOverSsh } from './ssh-exec.ts';
import { sshFiles } from './ssh-files.ts';
import { openShell, type SshShell } from './ssh-shell.ts';

/** What can be done over one connection, as long as it stands. */
export interface HostSession {
  exec(argv: readonly string[], options: ExecOptions): Promise<ExecResult>;
  /** Over the shell that stays open. */
  run(argv: readonly string[], timeoutMs: number): Promise<ExecResult>;
  /** One round trip, over a shell of its own: what other calls do does not delay it. */
  ping(timeoutMs: number): Promise<unknown>;
  /** Opens the shell of `run` ahead of its first use. */
  warm(): void;
  sftp(): Promise<SFTPWrapper>;
  /** A stream to an address as the machine sees it. */
  forward(host: string, port: number): Promise<Duplex>;
}

export function createSession(connection: SshConnection, lost: () => WorkshopError): HostSession {
  const { client } = connection;
  /** A shell that is opened when it is needed; a new one takes the place of one that was closed. */
  const shellRunner = () => {
    let shell: Promise<SshShell> | undefined;
    const open = () => {
      shell ??= openShell(client, lost);
      return shell;
    };
    const run = async (argv: readonly string[], timeoutMs: number) => {
      const used = open();
      try {
        return await (await used).run(argv, timeoutMs);
      } catch (cause) {
        if (shell === used) shell = undefined;
        used.then((made) => made.close()).catch(() => {});
        throw cause;
      }
    };
    return { open, run };
  };
  const pulse = shellRunner();
  const calls = shellRunner();
  let sftp: Promise<SFTPWrapper> | undefined;
  return {
    exec: (argv, options) => execOverSsh(client, argv, options, lost),
    run: calls.run,
    ping: (timeoutMs) => pulse.run(['true'], timeoutMs),
    warm: () => void calls.open().catch(() => {}),
    sftp() {
      sftp ??= new Promise<SFTPWrapper>((resolve, reject) => {
        client.sftp((error, made) => {
          if (error) return reject(lost());
          made.on('close', () => {
            sftp = undefined;
          });
          resolve(made);
        });
      });
      sftp.catch(() => {
        sftp = undefined;
      });
      return sftp;
    },
    forward: (host, port) =>
      new Promise((resolve, reject) => {
        client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error) reject(error);
          else resolve(channel);
        });
      }),
  };
}

/**
 * A RemoteHost over whatever session stands.
 * @param session waits for one; @throws WorkshopError with the reason and the next step while there is none.
 * @param lost the reason when a session has ended; undefined while it stands.
 */
export function hostOver(
  label: string,
  session: () => Promise<HostSession>,
  lost: (session: HostSession) => WorkshopError | undefined,
): RemoteHost {
  const exec = async (argv: readonly string[], options: ExecOptions = {}) =>
    (await session()).exec(argv, options);
  let filesOf: HostSession | undefined;
  return {
    label,
    exec,
    script: (text, args = [], options = {}) => exec(['sh', '-s', '--', ...args], { ...options, stdin: text }),
    async lines(argv, onLine, signal) {
      const stdout = cutLines((line) => onLine(line, 'stdout'));
      const stderr = cutLines((line) => onLine(line, 'stderr'));
      const result = await exec(argv, {
        signal,
        maxBytes: 0,
        onStdout: stdout.take,
        onStderr: stderr.take,
      });
      stdout.end();
      stderr.end();
      return result;
    },
    files: sshFiles(
      async () => {
        filesOf = await session();
        return filesOf.sftp();
      },
      () => filesOf && lost(filesOf),
    ),
  };
}
