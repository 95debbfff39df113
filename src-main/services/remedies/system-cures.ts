import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { INSTALL_SSH_CLIENT, INSTALL_TIMESYNCD, STILL_LOCKED } from '../../domain/deploy/install-commands.ts';
import { INSTALL_MS, stillLocked } from '../deploy/install.ts';
import { byScript, type Cure, type CureFacts } from './cure.ts';
import { toldIn } from './look.ts';

/** Argument: the user who logs in. */
const READ_JOURNAL = 'usermod -aG systemd-journal "$1"\n';

const SYNC_CLOCK = 'timedatectl set-ntp true </dev/null\n';

/** Waits for the first answer of a time server, and tells how it stands. */
const ASK_CLOCK = `
tries=0
until [ "$(timedatectl show -p NTPSynchronized --value)" = yes ] || [ "$tries" -ge 60 ]; do
  tries=$((tries + 1))
  sleep 0.5
done
printf 'ntp=%s\\n' "$(timedatectl show -p NTP --value)"
printf 'synchronized=%s\\n' "$(timedatectl show -p NTPSynchronized --value)"
`;

export function readJournal({ where, seen }: CureFacts): Cure {
  return {
    title: `Let ${seen.user} read the journal on ${where}`,
    hits: [`${seen.user} may read all logs of the system there from the next login on.`],
    commands: [`usermod -aG systemd-journal ${seen.user}`],
    asRoot: true,
    carryOut: byScript(
      READ_JOURNAL,
      [seen.user],
      `${seen.user} may read the journal. The console logs in anew, then the log appears.`,
    ),
  };
}

/** Brings what makes and shows SSH keys; a server often comes without. */
export function installSshClient({ where, seen }: CureFacts): Cure {
  if (!seen.apt)
    throw new WorkshopError('HOST_UNSUITABLE', `${where} has no apt, so it is not installed from here.`, {
      remedy: 'Have OpenSSH’s client installed by whoever runs the machine, then look again.',
    });
  return {
    title: `Install OpenSSH’s client on ${where}`,
    hits: ['Nobody is hit: its SSH server stays as it is.'],
    commands: INSTALL_SSH_CLIENT,
    asRoot: true,
    carryOut: byScript(
      `set -e\n{\n${INSTALL_SSH_CLIENT.join('\n')}\ncommand -v ssh-keygen && command -v ssh-keyscan\n} </dev/null\n`,
      [],
      `${where} has ssh-keygen and ssh-keyscan now.`,
      { timeoutMs: INSTALL_MS, meanings: { [STILL_LOCKED]: stillLocked(where) } },
    ),
  };
}

/** Lets the machine set its clock by the time servers that its system knows. */
export function syncClock({ where, seen }: CureFacts): Cure {
  if (seen.clock === 'alien')
    throw new WorkshopError('HOST_UNSUITABLE', `The clock of ${where} cannot be set from inside of it.`, {
      remedy:
        'It is most likely a container, whose clock is that of the provider’s machine: tell the provider, or rent another one. Jobs are not harmed: Redis’s clock is the one that counts.',
    });
  if (seen.clock === 'kept')
    return {
      title: `Keep the clock of ${where} right`,
      hits: [
        `${where} keeps its clock by itself already. If it still differs, it is this computer whose clock is wrong: let its system set it.`,
      ],
      commands: [],
      asRoot: false,
      carryOut: async () => `${where} keeps its clock by itself.`,
    };
  const missing = seen.clock === 'without-service';
  if (missing && !seen.apt)
    throw new WorkshopError('HOST_UNSUITABLE', `${where} has no service that sets its clock.`, {
      remedy:
        'Have one installed by whoever runs the machine (systemd-timesyncd or chrony), then look again.',
    });
  const install = missing ? INSTALL_TIMESYNCD : [];
  return {
    title: `Keep the clock of ${where} right`,
    hits: [
      'Nobody is hit. The clock is moved to the right time once; lines in the logs may jump by as much.',
      ...(missing ? ['The system’s own service for that is installed first.'] : []),
    ],
    commands: [...install, 'timedatectl set-ntp true'],
    asRoot: true,
    async carryOut(run, machine) {
      await run(`set -e\n{\n${install.join('\n')}\n:\n} </dev/null\n${SYNC_CLOCK}`, [], {
        timeoutMs: INSTALL_MS,
        meanings: { [STILL_LOCKED]: stillLocked(where) },
      });
      const told = toldIn((await machine.run(ASK_CLOCK, [])).stdout);
      if (told('ntp')[0] !== 'yes')
        throw new WorkshopError('HOST_COMMAND', `${where} took the order, but does not keep its clock.`, {
          remedy: 'Have its time service mended by whoever runs the machine.',
        });
      return told('synchronized')[0] === 'yes'
        ? `${where} has set its clock by a time server.`
        : `${where} asks its time servers from now on; none has answered within half a minute. Look it over again in a while.`;
    },
  };
}
