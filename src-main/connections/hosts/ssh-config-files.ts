import { existsSync, globSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import SSHConfig from 'ssh-config';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { HostTarget } from '../../domain/hosts/host-link.ts';

/** One machine on the way, with all that is needed to get in. */
export interface SshHop {
  /** Address to dial. */
  host: string;
  port: number;
  user: string;
  /** Private keys named for it, in order; when none is named, those with the usual names that exist. */
  keyFiles: string[];
  /** Whether these keys were named by somebody; then they are tried before those of the agent. */
  keysNamed: boolean;
  /** Path of the agent's socket (or pipe), or undefined for none. */
  agent: string | undefined;
  /** The name it has in known_hosts. */
  knownAs: string;
  knownHostsFiles: string[];
  /** Of all users of this computer; read, and never written. */
  systemKnownHostsFiles: string[];
}

/** Where the person's SSH files are; tests give their own. */
export interface SshHome {
  /** The folder that `~` stands for. */
  home: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Settings for all users of this machine. Default /etc/ssh/ssh_config. */
  systemConfig?: string;
  /** Machines that are known to all users of this computer, unless settings name other files. Default: as OpenSSH's. */
  systemKnownHosts?: readonly string[];
}

const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
/** Jumps that one way may have; more are a circle. */
const JUMPS_MAX = 8;
const INCLUDES_MAX = 16;

export function userSshHome(): SshHome {
  return { home: homedir(), env: process.env };
}

/**
 * The way to a machine, the machine itself last, by what the person entered and what ~/.ssh/config says.
 * @throws WorkshopError CONFIG when the file asks for something that the console does not do.
 */
export function findWay(target: HostTarget, where: SshHome): SshHop[] {
  const config = readConfig(where);
  const build = (given: Pick<HostTarget, 'host' | 'user' | 'port' | 'keyFile'>, depth: number): SshHop[] => {
    if (depth > JUMPS_MAX)
      throw new WorkshopError('CONFIG', `ProxyJump in ~/.ssh/config leads in a circle at ${given.host}.`, {
        remedy: 'Correct ProxyJump there, or enter the address of the machine itself.',
      });
    // Commands of a Match are not run: the file may have been written long ago for another purpose.
    const said = config.compute(given.host, { ignoreCase: true, matchExec: false });
    const one = (name: string) => [said[name]].flat()[0];
    const user = given.user || one('user') || userName();
    const host = (one('hostname') ?? given.host).replaceAll('%h', given.host);
    const port = given.port ?? Number(one('port') ?? 22);
    const path = (text: string) => resolvePath(text, where.home, { host, user, port });
    const jumps = one('proxyjump');
    if (!jumps && one('proxycommand') && one('proxycommand') !== 'none')
      throw new WorkshopError('CONFIG', `~/.ssh/config reaches ${given.host} by a ProxyCommand.`, {
        remedy: 'The console does not run it: use ProxyJump there, or enter an address that can be reached.',
      });
    const named = [given.keyFile ?? [], said.identityfile ?? []].flat().filter((file) => file !== 'none');
    const usual = USUAL_KEYS.map((name) => join(where.home, '.ssh', name));
    const hop: SshHop = {
      host,
      port,
      user,
      keyFiles: [...new Set((named.length > 0 ? named : usual).map(path))].filter(
        (file) => file === given.keyFile || existsSync(file),
      ),
      keysNamed: named.length > 0,
      agent: agentOf(one('identityagent'), where, path),
      knownAs: one('hostkeyalias') ?? (port === 22 ? host : `[${host}]:${port}`),
      knownHostsFiles: [said.userknownhostsfile ?? []].flat().map(path),
      systemKnownHostsFiles: (said.globalknownhostsfile
        ? [said.globalknownhostsfile].flat().filter((file) => file !== 'none')
        : (where.systemKnownHosts ?? usualSystemKnownHosts(where.env))
      ).map(path),
    };
    if (hop.knownHostsFiles.length === 0) hop.knownHostsFiles.push(join(where.home, '.ssh', 'known_hosts'));
    if (!jumps || jumps === 'none') return [hop];
    // The first jump may itself be behind others; those after it are reached from the one before.
    const [first = '', ...further] = jumps.split(',').map((text) => text.trim());
    return [
      ...build(parseJump(first), depth + 1),
      ...further.flatMap((text) => build(parseJump(text), depth + 1).slice(-1)),
      hop,
    ];
  };
  return build(target, 0);
}

/** ssh_config(5), GlobalKnownHostsFile. */
function usualSystemKnownHosts(env: SshHome['env']): string[] {
  const folder =
    process.platform === 'win32' ? join(env.ProgramData ?? 'C:\\ProgramData', 'ssh') : '/etc/ssh';
  return [join(folder, 'ssh_known_hosts'), join(folder, 'ssh_known_hosts2')];
}

function readConfig({ home, systemConfig = '/etc/ssh/ssh_config' }: SshHome): SSHConfig {
  const folder = join(home, '.ssh');
  const text = [
    expandIncludes(join(folder, 'config'), folder, home, 0),
    // The person's own file comes first: of each setting the first one counts. A new Host ends its last section.
    'Host *',
    expandIncludes(systemConfig, '/etc/ssh', home, 0),
  ].join('\n');
  try {
    return SSHConfig.parse(text);
  } catch (cause) {
    throw new WorkshopError('CONFIG', '~/.ssh/config cannot be understood.', {
      remedy: 'Check it with `ssh -G` and any host name.',
      cause,
    });
  }
}

/** The text of a settings file with what it includes in its place; a file that is not there is empty. */
function expandIncludes(file: string, folder: string, home: string, depth: number): string {
  if (depth > INCLUDES_MAX) return '';
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return '';
  }
  return text.replace(/^[ \t]*Include[ \t=]+(.+)$/gim, (_, patterns: string) =>
    (patterns.match(/"[^"]*"|\S+/g) ?? [])
      .map((pattern) => pattern.replaceAll('"', '').replace(/^~(?=\/)/, home))
      .flatMap((pattern) => globSync(isAbsolute(pattern) ? pattern : join(folder, pattern)).sort())
      .map((included) => expandIncludes(included, folder, home, depth + 1))
      .join('\n'),
  );
}

function agentOf(
  named: string | undefined,
  { env }: SshHome,
  path: (text: string) => string,
): string | undefined {
  if (named === 'none') return undefined;
  if (named && named !== 'SSH_AUTH_SOCK') return named.startsWith('$') ? env[named.slice(1)] : path(named);
  // Windows' own OpenSSH agent has a fixed name.
  return env.SSH_AUTH_SOCK || (process.platform === 'win32' ? '\\\\.\\pipe\\openssh-ssh-agent' : undefined);
}

/** `[user@]host[:port]`, also `ssh://…`; IPv6 addresses stand in brackets. */
function parseJump(text: string): { host: string; user: string | null; port: number | null } {
  const found = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  const host = found?.[2] ?? found?.[3];
  if (!host)
    throw new WorkshopError('CONFIG', `ProxyJump in ~/.ssh/config cannot be understood: ${text}.`, {
      remedy: 'It has the form user@host:port.',
    });
  return { host, user: found?.[1] ?? null, port: found?.[4] ? Number(found[4]) : null };
}

function resolvePath(
  text: string,
  home: string,
  values: { host: string; user: string; port: number },
): string {
  const tokens: Record<string, string> = {
    '%%': '%',
    '%d': home,
    '%h': values.host,
    '%p': String(values.port),
    '%r': values.user,
    '%u': userName(),
  };
  const full = text.replace(/%[%dhpru]/g, (token) => tokens[token] ?? token).replace(/^~(?=[\\/]|$)/, home);
  return isAbsolute(full) ? full : join(home, full);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'root';
  }
}
