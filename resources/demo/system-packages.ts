import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian packages that the demo, the tests and the benches stand on, each with a command that shows it is there. */
const COMMAND_OF = {
  'redis-server': ['redis-server'],
  'openssh-server': ['sshd'],
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  'docker.io': ['dockerd'],
  'docker-compose': ['docker-compose'],
  'busybox-static': ['busybox'],
  sudo: ['sudo'],
  iproute2: ['ip'],
} as const;

export type SystemPackage = keyof typeof COMMAND_OF;

/** What to do about packages that are not there. */
export type PackagePlan =
  | { kind: 'nothing' }
  | { kind: 'install'; names: SystemPackage[] }
  /** Not root, or no apt here: a person has to type `command`. */
  | { kind: 'ask'; names: SystemPackage[]; command: string };

/** Path of a package's command, also looking where a plain user's PATH does not (sbin); undefined if missing. */
export function commandPath(name: SystemPackage): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  for (const command of COMMAND_OF[name])
    for (const folder of folders)
      if (folder !== '' && isExecutable(join(folder, command))) return join(folder, command);
  return undefined;
}

/** Decides what to do about the packages whose command is missing. Pure but for its arguments. */
export function planPackages(
  names: readonly SystemPackage[],
  machine: { present: (name: SystemPackage) => boolean; root: boolean; apt: boolean },
): PackagePlan {
  const missing = names.filter((name) => !machine.present(name));
  if (missing.length === 0) return { kind: 'nothing' };
  if (machine.root && machine.apt) return { kind: 'install', names: missing };
  const command = machine.apt
    ? `sudo apt-get update && sudo apt-get install -y ${missing.join(' ')}`
    : `install ${missing.join(', ')} with this system's package manager`;
  return { kind: 'ask', names: missing, command };
}

/**
 * Makes sure that the commands of these packages exist: installs them by apt-get as root on Debian or Ubuntu; anywhere
 * else prints the exact command to type and ends the process with code 3.
 */
export function ensureSystemPackages(names: readonly SystemPackage[]): void {
  const plan = planPackages(names, {
    present: (name) => commandPath(name) !== undefined,
    root: process.getuid?.() === 0,
    apt: isDebianLike(),
  });
  if (plan.kind === 'nothing') return;
  if (plan.kind === 'ask') {
    const are = plan.names.length === 1 ? 'is' : 'are';
    console.error(`${plan.names.join(', ')} ${are} needed and not installed. Type:\n  ${plan.command}`);
    process.exit(3);
  }
  console.error(`Installing ${plan.names.join(', ')} …`);
  // The lists may be missing altogether, as in a container image; installing first spares the update where they are not.
  const installed = apt(['install', ...plan.names]) || (apt(['update']) && apt(['install', ...plan.names]));
  if (!installed) {
    console.error(
      `apt-get could not install them. Type:\n  apt-get update && apt-get install -y ${plan.names.join(' ')}`,
    );
    process.exit(3);
  }
}

function apt([verb = '', ...rest]: string[]): boolean {
  const options = verb === 'install' ? ['-y', '--no-install-recommends'] : [];
  const run = spawnSync('apt-get', ['-q', verb, ...options, ...rest], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  return run.status === 0;
}

function isDebianLike(): boolean {
  if (!existsSync('/usr/bin/apt-get')) return false;
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
