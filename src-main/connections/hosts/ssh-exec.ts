import { StringDecoder } from 'node:string_decoder';
import type { Client, ClientChannel } from 'ssh2';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { commandLine } from './quote.ts';
import type { ExecOptions, ExecResult } from './remote-host.ts';

/** Most text kept of one stream unless the caller says otherwise, characters; what comes after is only passed on. */
const MAX_KEPT = 4 * 1024 * 1024;
/** Between being asked to end and being made to, s. */
const END_GRACE_S = 2;

/** Says its own process id first, so that it can be ended: sshd does not pass on signals for root. */
const WRAPPER = 'echo "$$" >&2; exec "$@"';
const ENDER = `kill -s TERM -- "-$1" 2>/dev/null || kill -s TERM "$1"; sleep ${END_GRACE_S}; kill -s KILL -- "-$1" 2>/dev/null || kill -s KILL "$1"`;

/**
 * Runs one program over a channel of its own.
 * @param lost the reason for callers when the link is gone.
 */
export function execOverSsh(
  client: Client,
  argv: readonly string[],
  options: ExecOptions,
  lost: () => WorkshopError,
): Promise<ExecResult> {
  const { stdin, timeoutMs, signal, maxBytes = MAX_KEPT } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let over = false;
    let channel: ClientChannel | undefined;
    let late: NodeJS.Timeout | undefined;
    const settle = (act: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
      act();
    };
    let pid: string | undefined;
    /** Ends the program there as soon as its id is known, and leaves the channel then. */
    const endProgram = () => {
      if (pid === undefined) return;
      const open = channel;
      try {
        client.exec(commandLine(['sh', '-c', ENDER, 'sh', pid]), (error, ender) => {
          if (!error) ender.resume();
          open?.destroy();
        });
      } catch {
        // The link is gone, and with it the way to end anything.
      }
    };
    const giveUp = (cause: unknown) =>
      settle(() => {
        endProgram();
        reject(cause);
      });
    const abort = () => giveUp(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    if (timeoutMs) late = setTimeout(() => giveUp(tookTooLong(argv, timeoutMs)), timeoutMs);

    const told = { stdout: '', stderr: '' };
    const take = (from: 'stdout' | 'stderr', text: string, pass?: (text: string) => void) => {
      if (over || text === '') return;
      if (told[from].length < maxBytes) told[from] += text.slice(0, maxBytes - told[from].length);
      pass?.(text);
    };
    const withoutPid = (text: string): string => {
      if (pid !== undefined) return text;
      firstLine += text;
      const end = firstLine.indexOf('\n');
      if (end < 0) return '';
      pid = /^\d+$/.test(firstLine.slice(0, end)) ? firstLine.slice(0, end) : '';
      if (over && pid) endProgram();
      return pid ? firstLine.slice(end + 1) : firstLine;
    };
    let firstLine = '';

    const opened = (error: Error | undefined, made: ClientChannel) => {
      if (error) return settle(() => reject(channelRefused(error, lost)));
      channel = made;
      let ended: { code: number | null; signal: string | null } | undefined;
      const decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
      made.on('data', (part: Buffer) => take('stdout', decoders.stdout.write(part), options.onStdout));
      made.stderr.on('data', (part: Buffer) =>
        take('stderr', withoutPid(decoders.stderr.write(part)), options.onStderr),
      );
      made.on('exit', (code: number | null, name?: string) => {
        const short = name?.replace(/^SIG/, '');
        ended = { code: code ?? null, signal: short ? `SIG${short}` : null };
      });
      made.on('error', () => {});
      made.on('close', () => {
        take('stdout', decoders.stdout.end(), options.onStdout);
        take('stderr', decoders.stderr.end(), options.onStderr);
        // Only an exit that was told is one.
        settle(() => (ended ? resolve({ ...ended, ...told }) : reject(lost())));
      });
      made.end(stdin);
    };
    try {
      client.exec(commandLine(['sh', '-c', WRAPPER, 'sh', ...argv]), opened);
    } catch {
      // It is closing already.
      settle(() => reject(lost()));
    }
  });
}

function channelRefused(error: Error, lost: () => WorkshopError): WorkshopError {
  if (!/open fail/i.test(error.message)) return lost();
  return new WorkshopError('HOST_LINK_LOST', 'The machine does not open another session on this link.', {
    remedy: 'Wait until something else that runs there has ended (MaxSessions of its sshd), then try again.',
    cause: error,
  });
}

function tookTooLong([command = 'The command']: readonly string[], timeoutMs: number): WorkshopError {
  return new WorkshopError(
    'HOST_TIMEOUT',
    `${command} did not end within ${Math.ceil(timeoutMs / 1000)} s on the machine.`,
    { remedy: 'Look whether the machine is overloaded, then try again.' },
  );
}
