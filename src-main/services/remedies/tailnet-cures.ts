import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import {
  INSTALL_CURL,
  INSTALL_TAILSCALE,
  STILL_LOCKED,
  TAILSCALE_LOGIN_S,
  WAIT_FOR_APT,
} from '../../domain/deploy/install-commands.ts';
import { INSTALL_MS, stillLocked } from '../deploy/install.ts';
import { byScript, type Cure, type CureFacts } from './cure.ts';

const START_TAILSCALE = 'systemctl enable --now tailscaled || service tailscaled start\n';

/** Argument: seconds that a person has. */
const JOIN_TAILNET = 'exec tailscale up --timeout="$1"s </dev/null\n';
const RENEW_KEY = 'exec tailscale up --force-reauth --timeout="$1"s </dev/null\n';

const ASKED = 'If Tailscale asks for a login, its page opens from here.';

/** The vendor's own way, as the Hosts screen goes it on a GPU host; it ends with the login to the tailnet. */
export function installTailscale({ where, seen }: CureFacts): Cure {
  if (!seen.curl && !seen.apt)
    throw new WorkshopError('HOST_UNSUITABLE', `${where} has no curl, which fetches Tailscale’s installer.`, {
      remedy: 'Have Tailscale installed by whoever runs the machine, then look again.',
    });
  // The installer of the vendor knows the distributions; only those with apt have locks to wait for.
  const commands = [
    ...(seen.curl ? [] : INSTALL_CURL),
    ...INSTALL_TAILSCALE.filter((line) => seen.apt || !WAIT_FOR_APT.includes(line)),
  ];
  return {
    title: `Install Tailscale on ${where}`,
    hits: [
      `Nobody is hit: what runs on ${where} stays as it is. ${ASKED}`,
      'The program comes from Tailscale’s own servers, and starts with the machine from then on.',
    ],
    commands,
    asRoot: true,
    carryOut: byScript(
      // Read whole before it runs, and without the standard input, on which the script itself comes.
      `set -e\n{\n${commands.join('\n')}\n} </dev/null\n`,
      [seen.user],
      `Tailscale is installed and connected on ${where}.`,
      { timeoutMs: INSTALL_MS, meanings: { [STILL_LOCKED]: stillLocked(where) } },
    ),
  };
}

export function startTailscale({ where }: CureFacts): Cure {
  return {
    title: `Start Tailscale on ${where}`,
    hits: ['Nobody is hit; its service starts with the machine from now on.'],
    commands: ['systemctl enable --now tailscaled || service tailscaled start'],
    asRoot: true,
    carryOut: byScript(START_TAILSCALE, [], `Tailscale’s service runs on ${where}.`),
  };
}

export function joinTailnet({ where }: CureFacts): Cure {
  return {
    title: `Connect ${where} to the tailnet`,
    hits: [`Nobody is hit. ${ASKED}`],
    commands: [`tailscale up --timeout=${TAILSCALE_LOGIN_S}s`],
    asRoot: true,
    carryOut: byScript(JOIN_TAILNET, [String(TAILSCALE_LOGIN_S)], `Tailscale is connected on ${where}.`),
  };
}

export function renewTailnetKey({ where }: CureFacts): Cure {
  return {
    title: `Log Tailscale in anew on ${where}`,
    hits: [
      'What goes to the machine over the tailnet is cut until you have logged in: Redis, and jobs that wait for it.',
    ],
    commands: [`tailscale up --force-reauth --timeout=${TAILSCALE_LOGIN_S}s`],
    asRoot: true,
    carryOut: byScript(RENEW_KEY, [String(TAILSCALE_LOGIN_S)], `Tailscale is connected on ${where}.`),
  };
}
