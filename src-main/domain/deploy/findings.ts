import { plainLine } from '../plain-line.ts';
import { type ModelsFolder, modelsFolders } from './models.ts';

/** What one look over a machine told. `null` is not known. */
export interface Findings {
  os: { id: string; version: string; name: string };
  /** As `uname -s` says, e.g. Linux, Darwin. */
  kernel: string;
  /** As `uname -m` says. */
  arch: string;
  user: string;
  hostname: string;
  /** The install folder with `~` filled in. */
  root: string;
  diskFreeMiB: number | null;
  /** How this user becomes root: is root, without a password, with one, not at all. */
  sudo: 'root' | 'free' | 'password' | 'none';
  /** Who is to keep the agent running: the machine's systemd, this user's, or a script of ours where there is none. */
  keeper: Keeper;
  /** This user has a systemd of their own. */
  ownSystemd: boolean;
  /** This user's systemd goes on without a login, and starts with the machine. */
  lingers: boolean;
  /** The machine is a container, such as a pod of a GPU provider. */
  container: boolean;
  docker: {
    client: boolean;
    server: string | null;
    compose: string | null;
    nvidia: boolean;
    /** Its packages are Docker's own, not the system's. */
    fromDocker: boolean;
    /** Images that are there, `name:tag`. */
    images: readonly string[];
    /** Where it keeps them, or will; null when it is not known. */
    disk: { path: string; freeMiB: number } | null;
    why: string;
  };
  /** Containers in which the platform's own worker runs. */
  platformWorkers: readonly string[];
  /** Version of the NVIDIA container toolkit. */
  toolkit: string | null;
  gpus: { index: number; name: string; memoryMiB: number | null; driver: string }[];
  /** What nvidia-smi said when it told of no GPU. */
  gpuWhy: string;
  node: { path: string; version: string } | null;
  /** Its clock at the beginning and at the end of the look, epoch ms. */
  clock: { start: number | null; end: number | null };
  tailscale: { installed: boolean; addresses: string[] };
  /** TCP ports that something listens on. */
  ports: number[];
  /** Those of them that servers of this agent have, as far as that could be seen. */
  ownPorts: number[];
  /** Mounts that do not answer: whoever asks for a folder on one hangs. */
  silentMounts: SilentMount[];
  /** Programs behind them, where the user may see which: `node, process 41` by port. */
  listeners: Record<number, string>;
  /** A ComfyUI that lies on the machine, and the options that its command line knows. */
  comfy: { folder: string; python: string; options: readonly string[] } | null;
  models: readonly ModelsFolder[];
  fetcher: 'curl' | 'wget' | null;
  packages: 'apt' | null;
  /** It can make the agent's key for the VPS. */
  keygen: boolean;
  agent: InstalledAgent;
  /** Who deploys to it now, as the lock says; null for nobody. */
  lock: string | null;
}

export interface SilentMount {
  path: string;
  /** As the kernel has it: `nfs4`, `fuse.sshfs`. */
  kind: string;
  /** Where it comes from: `nfs.example.org:/share`. */
  source: string;
}

export type Keeper = 'system' | 'user' | 'daemon';

export interface InstalledAgent {
  current: string | null;
  previous: string | null;
  /** Every release on the disk with the SHA-256 of its bundle. */
  releases: Record<string, string>;
  /** Target of the link agent.env, e.g. `config/3.env`. */
  config: string | null;
  /** The process that works now, and what it was started from. */
  running: { pid: number; release: string | null; config: string | null } | null;
  /** By whom it is kept running, where it is installed. */
  service: Keeper | null;
  /** Files that wait for the VPS in the agent's outbox. */
  undelivered: number;
}

/** Oldest Node that runs the agent. */
const NODE_OLDEST = [20, 11] as const;

export function isNodeUsable(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > NODE_OLDEST[0] || (major === NODE_OLDEST[0] && minor >= NODE_OLDEST[1]);
}

/** Reads what the look script printed: one `key=value` a line, some keys more than once. */
export function parseFindings(text: string): Findings {
  const told = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at <= 0) continue;
    const key = line.slice(0, at);
    told.set(key, [...(told.get(key) ?? []), line.slice(at + 1).trim()]);
  }
  const all = (key: string) => told.get(key) ?? [];
  const one = (key: string) => all(key)[0] ?? '';
  const orNull = (key: string) => one(key) || null;
  const root = one('root');
  const sudo = oneOf(one('sudo'), ['root', 'free', 'password', 'none'] as const, 'none' as const);
  return {
    os: { id: one('os.id'), version: one('os.version'), name: one('os.name') },
    kernel: one('kernel') || 'Linux',
    arch: one('arch'),
    user: one('user'),
    hostname: one('hostname'),
    root,
    diskFreeMiB: numberOf(one('disk.free.kib'), (kib) => Math.floor(kib / 1024)),
    sudo,
    keeper: one('systemd') === 'yes' && sudo !== 'none' ? 'system' : ownKeeper(one('systemd.user') === 'yes'),
    ownSystemd: one('systemd.user') === 'yes',
    lingers: one('linger') === 'yes',
    container: one('container') === 'yes',
    docker: {
      client: one('docker.client') === 'yes',
      server: orNull('docker.server'),
      compose: orNull('docker.compose'),
      nvidia: one('docker.nvidia') === 'yes',
      fromDocker: one('docker.ce') === 'yes',
      images: all('docker.image'),
      disk: diskOf(one('docker.disk')),
      why: one('docker.why'),
    },
    platformWorkers: all('platform.worker').filter(Boolean),
    toolkit: orNull('toolkit'),
    gpus: all('gpu').flatMap(gpuOf),
    gpuWhy: one('gpu.why'),
    node: nodeOf(all('node')),
    clock: { start: epochMs(one('clock')), end: epochMs(one('clock.end')) },
    tailscale: { installed: one('tailscale') === 'yes', addresses: all('tailscale.ip').filter(Boolean) },
    ports: portsOf(all('listen')),
    ownPorts: all('own.port')
      .map(Number)
      .filter((port) => port > 0),
    silentMounts: all('mount.silent').flatMap((line) => {
      const [, kind, source, path] = /^(\S+) (\S+) (\/.*)$/.exec(line) ?? [];
      return kind && source && path ? [{ kind, source: plainLine(source), path: plainLine(path) }] : [];
    }),
    listeners: listenersOf(all('listener')),
    comfy:
      one('comfy.dir') === ''
        ? null
        : {
            folder: one('comfy.dir'),
            python: one('comfy.python') || 'python3',
            options: all('comfy.option'),
          },
    models: modelsFolders(all('models')),
    fetcher: oneOf(one('fetcher'), ['curl', 'wget'] as const, null),
    packages: oneOf(one('packages'), ['apt'] as const, null),
    keygen: one('keygen') === 'yes',
    agent: agentOf(one, all),
    lock: orNull('lock'),
  };
}

/** The mount that does not answer and holds a folder; undefined when none does. */
export function silentMountOf({ silentMounts }: Findings, folder: string): SilentMount | undefined {
  return silentMounts.find(({ path }) => `${folder}/`.startsWith(path === '/' ? path : `${path}/`));
}

/** What a mount that does not answer is called, for people. */
export function silentMountName({ path, kind, source }: SilentMount): string {
  return `${path} (${kind} from ${source})`;
}

/** What to do about one. */
export const SILENT_MOUNT_REMEDY =
  'Check at the provider that this storage is there and attached, have it mounted anew (or restart the machine), then look again.';

/** A look for a user of whom sudo said, after the right password, that they have no rights. */
export function withoutRoot(found: Findings): Findings {
  if (found.sudo !== 'password') return found;
  const keeper = found.keeper === 'system' ? ownKeeper(found.ownSystemd) : found.keeper;
  return { ...found, sudo: 'none', keeper };
}

/** Who keeps an agent running that was installed without root. */
function ownKeeper(systemd: boolean): Keeper {
  return systemd ? 'user' : 'daemon';
}

function agentOf(one: (key: string) => string, all: (key: string) => string[]): InstalledAgent {
  const releases: Record<string, string> = {};
  for (const entry of all('release')) {
    const [name, sha] = entry.split(' ');
    if (name) releases[name] = sha ?? '';
  }
  const pid = numberOf(one('agent.pid'), (value) => value);
  return {
    current: baseName(one('current')),
    previous: baseName(one('previous')),
    releases,
    config: one('config') || null,
    running:
      pid === null
        ? null
        : {
            pid,
            release: /releases\/([^/]+)\/[^/]+$/.exec(one('agent.entry'))?.[1] ?? null,
            config: /config\/[^/]+$/.exec(one('agent.env'))?.[0] ?? null,
          },
    service: oneOf(one('service'), ['system', 'user', 'daemon'] as const, null),
    undelivered: numberOf(one('undelivered'), (value) => value) ?? 0,
  };
}

function baseName(path: string): string | null {
  return path.split('/').at(-1) || null;
}

/** Reads `free-KiB path`. */
function diskOf(line: string): Findings['docker']['disk'] {
  const [, free, path] = /^(\d+) (\/.*)$/.exec(line) ?? [];
  return path === undefined ? null : { path, freeMiB: Math.floor(Number(free) / 1024) };
}

function gpuOf(line: string): Findings['gpus'] {
  // The name may hold commas; the figures do not.
  const match = /^(\d+),\s*(.*),\s*([^,]*),\s*([^,]*)$/.exec(line);
  if (!match) return [];
  const [, index = '', name = '', memory = '', driver = ''] = match;
  return [{ index: Number(index), name, memoryMiB: numberOf(memory, (value) => value), driver }];
}

/** The first that is new enough; else the first, so that its version can be named. */
function nodeOf(entries: readonly string[]): Findings['node'] {
  const nodes = entries.flatMap((entry) => {
    const at = entry.indexOf(' ');
    return at > 0 ? [{ version: entry.slice(0, at), path: entry.slice(at + 1) }] : [];
  });
  return nodes.find(({ version }) => isNodeUsable(version)) ?? nodes[0] ?? null;
}

/** Lines of /proc/net/tcp: `sl local_address rem_address st …`, addresses in hex, state 0A = listening. */
function portsOf(lines: readonly string[]): number[] {
  const ports = lines.map((hex) => Number.parseInt(hex, 16)).filter((port) => port > 0);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Port, process id, name of the program; only the last may hold spaces. */
function listenersOf(lines: readonly string[]): Record<number, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, port, pid, name = ''] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
      return port === undefined ? [] : [[Number(port), `${plainLine(name).slice(0, 40)}, process ${pid}`]];
    }),
  );
}

function numberOf(text: string, as: (value: number) => number): number | null {
  const value = Number(text.replace(/[^0-9.-]/g, '') || Number.NaN);
  return Number.isFinite(value) ? as(value) : null;
}

function epochMs(seconds: string): number | null {
  return numberOf(seconds, (value) => Math.round(value * 1000));
}

function oneOf<T extends string, Else>(text: string, choices: readonly T[], otherwise: Else): T | Else {
  return choices.find((choice) => choice === text) ?? otherwise;
}
