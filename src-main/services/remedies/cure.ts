import type { ErrorCode } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import type { Machine } from '../deploy/machine.ts';

/** A remedy on one machine, ready to be shown and then carried out. */
export interface Cure {
  title: string;
  hits: string[];
  commands: string[];
  asRoot: boolean;
  /**
   * Does what the commands say and proves it.
   * @param run as root where the cure says so.
   * @param machine for the proof, as the user who logs in.
   * @returns what was done, in a sentence. @throws WorkshopError.
   */
  carryOut(run: Machine['run'], machine: Machine): Promise<string>;
}

/** What a cure knows before it is made. */
export interface CureFacts {
  host: RemoteHost;
  /** The machine in sentences. */
  where: string;
  seen: Seen;
}

/** What a look at the machine told. */
export interface Seen {
  user: string;
  /** Their own group. */
  group: string;
  sudo: 'root' | 'free' | 'password' | 'none';
  docker: boolean;
  /** The user may talk to Docker, and it runs. */
  dockerAble: boolean;
  platformWorkers: string[];
  apt: boolean;
  curl: boolean;
  /** Whether the machine keeps its clock by itself, as systemd says; `alien`: the clock is not the machine's own. */
  clock: 'kept' | 'free' | 'without-service' | 'alien';
}

/** The meaning of an exit code. */
export const failed = (
  message: string,
  remedy: string,
  code: ErrorCode = 'HOST_COMMAND',
): { code: ErrorCode; message: string; remedy: string } => ({ code, message, remedy });

/** A cure that is one constant script. */
export const byScript =
  (
    script: string,
    args: readonly string[],
    done: string,
    options: Parameters<Machine['run']>[2] = {},
  ): Cure['carryOut'] =>
  async (run) => {
    await run(script, args, options);
    return done;
  };

/** One word of a command as it would be typed. */
export const word = (text: string) =>
  /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
