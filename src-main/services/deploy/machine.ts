import { type ErrorCode, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { ExecOptions, ExecResult, RemoteHost } from '../../connections/hosts/remote-host.ts';

/** A machine under deployment: runs scripts on it as the user or as root, and turns what fails into sentences. */
export interface Machine {
  readonly host: RemoteHost;
  /** @throws WorkshopError when the script fails. */
  run(script: string, args: readonly string[], options?: RunOptions): Promise<ExecResult>;
  /** The same as root: directly, or through sudo, whose password goes by stdin only. */
  runAsRoot(script: string, args: readonly string[], options?: RunOptions): Promise<ExecResult>;
}

export interface RunOptions extends Omit<ExecOptions, 'stdin'> {
  /** Exit codes with a meaning of their own. */
  meanings?: Readonly<Record<number, { code: ErrorCode; message: string; remedy: string }>>;
}

/** Longest that one script may take unless it says otherwise, ms. */
const PATIENCE_MS = 60_000;
/** In English, whatever the machine's language is: what it says is read below. */
const SUDO = ['env', 'LC_ALL=C', 'sudo'];

export function onMachine(
  host: RemoteHost,
  sudo: 'root' | 'free' | 'password' | 'none',
  password: string | null,
  signal: AbortSignal,
): Machine {
  const limits = { timeoutMs: PATIENCE_MS, signal };
  return {
    host,
    run: async (script, args, options = {}) =>
      judge(host, await host.script(script, args, { ...limits, ...options }), options.meanings),
    async runAsRoot(script, args, options = {}) {
      const more = { ...limits, ...options };
      if (sudo === 'root') return judge(host, await host.script(script, args, more), options.meanings);
      if (sudo === 'none') throw noSudo(host);
      const shell = ['sh', '-s', '--', ...args];
      if (sudo === 'free') {
        const result = await host.exec([...SUDO, '-n', '--', ...shell], { ...more, stdin: script });
        return judge(host, result, options.meanings);
      }
      if (password === null)
        throw new WorkshopError('HOST_NO_SUDO', `sudo on ${host.label} wants a password.`, {
          remedy: 'Enter it beside the plan; it is used for this run and not kept.',
        });
      // -k: it surely asks, so the first line is surely taken as the password and not as a command.
      const asked = [...SUDO, '-k', '-S', '-p', '', '--'];
      // Tried by itself first: sudo would take the script's lines for further tries, and such locks accounts.
      const tried = await host.exec([...asked, 'true'], { ...limits, stdin: `${password}\n` });
      if (tried.code !== 0) throw refused(host, tried.stderr);
      const result = await host.exec([...asked, ...shell], { ...more, stdin: `${password}\n${script}` });
      return judge(host, result, options.meanings);
    },
  };
}

/** @param said by sudo. That somebody has no rights it tells after the right password only. */
function refused(host: RemoteHost, said: string): WorkshopError {
  if (/incorrect password|try again|no password was provided/i.test(said))
    return new WorkshopError('HOST_NO_SUDO', `sudo on ${host.label} refuses the password.`, {
      remedy: 'Enter the password of the user who logs in there, then press again.',
    });
  if (/not in the sudoers|not allowed to (execute|run)|may not run sudo/i.test(said)) return noSudo(host);
  return new WorkshopError(
    'HOST_NO_SUDO',
    `sudo on ${host.label} does not work: ${lastLine(said) ?? 'it gives no reason'}.`,
    { remedy: 'Log in as root, or have sudo mended by whoever runs the machine.' },
  );
}

/** Told after the right password only, so that it is known from then on. */
const withoutRights = new WeakSet<WorkshopError>();

/** Whether a run failed because its user has no rights whatever the password. */
export function lacksRights(cause: unknown): boolean {
  return cause instanceof WorkshopError && withoutRights.has(cause);
}

function noSudo(host: RemoteHost): WorkshopError {
  const error = new WorkshopError('HOST_NO_SUDO', `This user may not become root on ${host.label}.`, {
    remedy: 'Log in as root or as a user with sudo; or press again to go on without root.',
  });
  withoutRights.add(error);
  return error;
}

function judge(host: RemoteHost, result: ExecResult, meanings: RunOptions['meanings'] = {}): ExecResult {
  if (result.code === 0) return result;
  const meaning = result.code === null ? undefined : meanings[result.code];
  if (meaning) throw new WorkshopError(meaning.code, meaning.message, { remedy: meaning.remedy });
  const said = `${result.stderr}\n${result.stdout}`;
  if (/No space left on device|Disk quota exceeded/i.test(said))
    throw new WorkshopError('HOST_DISK_FULL', `The disk of ${host.label} is full.`, {
      remedy: 'Free some space there, then press again: it goes on where it stopped.',
    });
  const last = lastLine(result.stderr) ?? lastLine(result.stdout);
  if (/Permission denied|Read-only file system/i.test(said))
    throw new WorkshopError('HOST_FILE', `${host.label} refuses: ${last?.slice(0, 300)}.`, {
      remedy: 'Log in as a user who may write there, or give another folder.',
    });
  const how = result.code === null ? `was ended by ${result.signal}` : `ended with ${result.code}`;
  throw new WorkshopError(
    'HOST_COMMAND',
    `A command on ${host.label} ${how}${last ? `: ${last.slice(0, 300)}` : ''}.`,
    { remedy: 'Read its output below. Pressing again goes on from here.' },
  );
}

function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '')
    ?.replace(/\.+$/, '');
}
