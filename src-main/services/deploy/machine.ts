import { type ErrorCode, toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { ExecOptions, ExecResult, RemoteHost } from '../../connections/hosts/remote-host.ts';
import { endWork, type Run, runWork, type WorkPlace } from './run-work.ts';

/** A machine under deployment: runs scripts on it as the user or as root, and turns what fails into sentences. */
export interface Machine {
  readonly host: RemoteHost;
  /** Runs a program as the user, whatever it exits with. */
  exec(argv: readonly string[], options?: Omit<ExecOptions, 'stdin'>): Promise<ExecResult>;
  /** @throws WorkshopError when the script fails. */
  run(script: string, args: readonly string[], options?: RunOptions): Promise<ExecResult>;
  /** The same as root: directly, or through sudo, whose password goes by stdin only. */
  runAsRoot(script: string, args: readonly string[], options?: RunOptions): Promise<ExecResult>;
  /**
   * Ends what an earlier run left running there, with all rights that this user has.
   * @returns null with the proof of its end; else a sentence about why there is none.
   */
  end(work: string): Promise<string | null>;
}

interface Meant {
  /** Exit codes with a meaning of their own. */
  meanings?: Readonly<Record<number, { code: ErrorCode; message: string; remedy: string }>>;
}

export interface RunOptions extends Omit<ExecOptions, 'stdin'>, Meant {
  /** It only looks: that it may still run is of no interest to anybody. */
  looks?: boolean;
}

/** Longest that one script may take unless it says otherwise, ms. */
const PATIENCE_MS = 60_000;
/** In English, whatever the machine's language is: what it says is read below. */
const SUDO = ['env', 'LC_ALL=C', 'sudo'];
/** -k: it surely asks, so the first line is surely taken as the password and not as a command. */
const SUDO_ASKS = [...SUDO, '-k', '-S', '-p', '', '--'];

export interface MachineOptions {
  sudo: 'root' | 'free' | 'password' | 'none';
  password: string | null;
  signal: AbortSignal;
  /** Where what runs is written down, so that its end can be proven; null where nothing that runs changes much. */
  work: WorkPlace | null;
}

/** @throws on calls as WorkshopErrors; what was to stop rejects only once it has ended, or is one of `mayStillRun`. */
export function onMachine(host: RemoteHost, { sudo, password, signal, work }: MachineOptions): Machine {
  const asUser: Run = (argv, options, exec = host.exec) => exec(argv, options);
  const asRoot: Run = async (argv, options, exec = host.exec) => {
    if (sudo === 'root') return exec(argv, options);
    if (sudo === 'free') return exec([...SUDO, '-n', '--', ...argv], options);
    return exec([...SUDO_ASKS, ...argv], { ...options, stdin: `${password}\n${options.stdin ?? ''}` });
  };
  const start = (
    run: Run,
    argv: readonly string[],
    { looks, ...given }: ExecOptions & { looks?: boolean },
  ) => {
    const options = { timeoutMs: PATIENCE_MS, signal, ...given };
    return work === null || looks ? run(argv, options) : runWork(host, work, run, argv, options);
  };
  const carry = async (
    run: Run,
    argv: readonly string[],
    { meanings, ...options }: ExecOptions & RunOptions,
  ) => judge(host, await start(run, argv, options), meanings);
  const mayBeRoot = async (limits: Pick<ExecOptions, 'signal'>) => {
    if (sudo === 'none') throw noSudo(host);
    if (sudo !== 'password') return;
    if (password === null)
      throw new WorkshopError('HOST_NO_SUDO', `sudo on ${host.label} wants a password.`, {
        remedy: 'Enter it beside the plan; it is used for this run and not kept.',
      });
    // Tried by itself first: sudo would take the script's lines for further tries, and such locks accounts.
    const tried = await asRoot(['true'], { timeoutMs: PATIENCE_MS, ...limits });
    if (tried.code !== 0) throw refused(host, tried.stderr);
  };
  const shell = (args: readonly string[]) => ['sh', '-s', '--', ...args];
  return {
    host,
    exec: (argv, options = {}) => start(asUser, argv, options),
    run: (script, args, options) => carry(asUser, shell(args), { ...options, stdin: script }),
    async runAsRoot(script, args, options) {
      await mayBeRoot({ signal });
      return carry(asRoot, shell(args), { ...options, stdin: script });
    },
    async end(id) {
      if (work === null) throw new WorkshopError('INTERNAL', 'Nothing is written down there.');
      try {
        if (sudo !== 'none') await mayBeRoot({});
        return await endWork(host.label, work.root, id, sudo === 'none' ? asUser : asRoot, () => true);
      } catch (cause) {
        return toWorkshopError(cause).message;
      }
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
