import { type ErrorCode, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { cutLines } from '../../domain/cut-lines.ts';
import type { PlanStep } from '../../domain/deploy/deploy-view.ts';
import { STILL_LOCKED, TAILSCALE_LOGIN_S } from '../../domain/deploy/install-commands.ts';
import { loginLinkIn } from '../../domain/outside-link.ts';
import type { Work } from './work.ts';

/** Installing through the vendors' scripts may download gigabytes, ms. */
export const INSTALL_MS = 30 * 60_000;

/** Runs a step's commands as root, exactly as the plan showed them. @throws WorkshopError. */
export async function install({ machine, found, say, login }: Work, step: PlanStep): Promise<void> {
  for (const line of step.commands) say(`# ${line}`);
  let locked = false;
  let asked = false;
  const hear = (line: string) => {
    locked ||= APT_LOCKED.test(line);
    say(line);
    const link = loginLinkIn(line);
    if (link === null) return;
    asked = true;
    login(link);
  };
  const [out, err] = [cutLines(hear), cutLines(hear)];
  try {
    // Read whole before it runs, and without the standard input, on which the script itself comes.
    await machine.runAsRoot(`set -e\n{\n${step.commands.join('\n')}\n} </dev/null\n`, [found.user], {
      ...{ timeoutMs: INSTALL_MS, onStdout: out.take, onStderr: err.take },
      meanings: { [STILL_LOCKED]: stillLocked(machine.host.label) },
    });
  } catch (cause) {
    if (!(cause instanceof WorkshopError) || cause.code !== 'HOST_COMMAND') throw cause;
    if (locked) {
      const { code, message, remedy } = stillLocked(machine.host.label);
      throw new WorkshopError(code, message, { remedy, cause });
    }
    if (asked && /time(d )?out/i.test(cause.message))
      throw new WorkshopError(
        'HOST_TIMEOUT',
        `Nobody finished the Tailscale login within ${TAILSCALE_LOGIN_S / 60} minutes, so ${machine.host.label} is not in the tailnet yet.`,
        {
          remedy: 'Press again: a new login appears. Open it, and log in to the tailnet that the VPS is in.',
          cause,
        },
      );
    throw new WorkshopError(
      step.id === 'docker' ? 'HOST_DOCKER_MISSING' : 'HOST_UNSUITABLE',
      `${step.title} could not be set up. ${cause.message}`,
      {
        remedy: `Check that ${machine.host.label} reaches the internet and read the output below, then press again; or leave this step out and have it set up by whoever runs the machine.`,
        cause,
      },
    );
  } finally {
    out.end();
    err.end();
    login(null);
  }
}

/** As apt-get and dpkg say it when somebody else installs. */
const APT_LOCKED = /could not get lock|unable to (acquire|lock)|locked by another process/i;

/** The package manager was never given free, or taken by another in between. */
export function stillLocked(where: string): { code: ErrorCode; message: string; remedy: string } {
  return {
    code: 'HOST_TIMEOUT',
    message: `Another installation is still at work on ${where}, so nothing could be installed beside it.`,
    remedy:
      'Its process is named in the output below: usually the system’s own update after the first start. Press again in some minutes; if it hangs, restart the machine.',
  };
}
