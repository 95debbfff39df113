import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ensureSystemPackages } from '../../resources/demo/system-packages.ts';
import { BECOME_SYSTEMD, ownCgroup, whyNoSystemd } from './own-root-systemd.ts';
import { descendants, fingerprintOf, kill, makeKey } from './ssh-server.ts';

const execute = promisify(execFile);
const project = resolve(import.meta.dirname, '../..');

/**
 * A machine of its own on this one: namespaces for mounts, network, processes and name, and a root folder that begins
 * as this system's and keeps its changes in memory. Its /etc, users, /root and /home are its own; an OpenSSH server
 * listens on port 22 of an address of its own, which looks like one of a tailnet.
 */
export interface OwnRootMachine {
  readonly name: string;
  /** 100.x.y.z; the test and the other machines reach it there. */
  readonly address: string;
  /** Of its SSH server, as `ssh-keygen -lf` writes it. */
  readonly fingerprint: string;
  /** Runs shell text on it as root. @returns standard output. @throws when it ends with another code than 0. */
  run(script: string, ...args: string[]): Promise<string>;
  /** Where one of its files is, for this test. */
  path(inside: string): string;
  /** What comes to its SSH sessions from now on is not heard, until they are killed. */
  freezeSessions(): void;
  /** SIGKILL to every SSH session, frozen or not. */
  killSessions(): void;
}

export interface OwnRootMachines<Name extends string> {
  readonly machines: Readonly<Record<Name, OwnRootMachine>>;
  /** Private key that root of every machine lets in. */
  readonly keyFile: string;
  /** Ends every process and every mount of them. Idempotent. */
  close(): Promise<void>;
}

export type MachinesStart<Name extends string> =
  | { kind: 'ready'; all: OwnRootMachines<Name> }
  | { kind: 'unavailable'; reason: string };

const START_LIMIT_MS = 20_000;

/**
 * Starts machines that reach each other, or says why this system does not let us. When this process dies, however it
 * does, they end: each lives as long as the pipe to its first process, or as this process where that is systemd.
 * @param systemd the names of those whose first process is a real systemd; the others have none.
 */
export async function startOwnRootMachines<Name extends string>(
  names: readonly Name[],
  { systemd = [] }: { systemd?: readonly Name[] } = {},
): Promise<MachinesStart<Name>> {
  const missing = (await whyNot()) ?? (systemd.length > 0 ? whyNoSystemd() : undefined);
  if (missing !== undefined) return { kind: 'unavailable', reason: missing };
  ensureSystemPackages(['openssh-server', 'sudo', 'iproute2']);
  const dir = mkdtempSync(join(tmpdir(), 'workshop-machines-'));
  const keyFile = join(dir, 'key');
  makeKey(keyFile);
  const begun: Begun[] = [];
  const close = async () => {
    await Promise.all(begun.map(({ end }) => end()));
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    begun.push(
      ...(await Promise.all(names.map((name) => begin(dir, name, keyFile, systemd.includes(name))))),
    );
    const addresses = await connectAll(begun.map(({ pid }) => pid));
    const machines = begun.map((one, at) => [one.name, machineOf(one, addresses[at] ?? '')] as const);
    return {
      kind: 'ready',
      // The names that were asked for are the names that there are.
      all: { machines: Object.fromEntries(machines) as Record<Name, OwnRootMachine>, keyFile, close },
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function whyNot(): Promise<string | undefined> {
  if (process.env.TEST_OWN_ROOT === 'no')
    return 'TEST_OWN_ROOT=no asks for machines that share this root folder';
  if (process.platform !== 'linux') return 'machines with root folders of their own need Linux';
  if (process.getuid?.() !== 0) return 'machines with root folders of their own need root';
  const probe = `
set -e
mount --make-rprivate /
mount -t tmpfs probe /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay probe -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
mount -t proc probe /mnt/root/proc
`;
  try {
    await execute('unshare', [...NAMESPACES, 'sh', '-c', probe]);
    return undefined;
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    return `this system allows no namespaces or overlays (${said.split('\n').at(-1) || cause})`;
  }
}

const NAMESPACES = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child=SIGKILL'];

/** The first process of a machine: makes the root folder, starts sshd, and ends with its standard input. */
const FIRST_PROCESS = String.raw`
set -e
dir=$1 name=$2 node=$3 project=$4 key=$5 systemd=$6
mount --make-rprivate /
mount -t tmpfs -o size=4g machine "$dir"
root=$dir/root
mkdir "$dir/upper" "$dir/work" "$root"
mount -t overlay machine -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$root"
mkdir -p "$root/opt/project"
touch "$root/usr/local/bin/node"
mount --bind "$project" "$root/opt/project"
mount --bind "$node" "$root/usr/local/bin/node"
mount -t proc machine "$root/proc"
mount --rbind /dev "$root/dev"
for own in run tmp root home; do mount -t tmpfs -o mode=755 machine "$root/$own"; done
# As large as that of a rented machine; what is not written takes no memory.
mkdir -p "$root/var/lib/docker"
mount -t tmpfs -o size=60g machine "$root/var/lib/docker"
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
rm -f "$root/.dockerenv" "$root"/usr/bin/docker "$root"/usr/local/bin/docker "$root"/usr/bin/nvidia-smi
hostname "$name"
printf '127.0.0.1 localhost %s\n' "$name" > "$root/etc/hosts"
mkdir -m 700 "$root/root/.ssh"
cp "$key.pub" "$root/root/.ssh/authorized_keys"
mkdir "$root/run/sshd"
ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/own_key"
cat > "$root/etc/ssh/sshd_config" <<END
HostKey /etc/ssh/own_key
PidFile /run/sshd.pid
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 100
Subsystem sftp internal-sftp
END
ip link set lo up
if [ -n "$systemd" ]; then
  sed -i 's/^UsePAM no/UsePAM yes/' "$root/etc/ssh/sshd_config"
  eval "$systemd"
fi
exec chroot "$root" /bin/bash -c '/usr/sbin/sshd -f /etc/ssh/sshd_config </dev/null && echo up && read -r _' 2>&1
`;

interface Begun {
  name: string;
  /** Of the machine's first process, as this system counts. */
  pid: number;
  end(): Promise<void>;
}

async function begin(parent: string, name: string, keyFile: string, systemd: boolean): Promise<Begun> {
  const dir = join(parent, name);
  mkdirSync(dir);
  const first = ['bash', '-c', FIRST_PROCESS, 'machine', dir, name, process.execPath, project, keyFile];
  const own = systemd ? ownCgroup(name) : undefined;
  const unshare = ['unshare', ...(own ? ['--cgroup'] : []), ...NAMESPACES, ...first];
  const [program = '', ...args] = own
    ? [
        'sh',
        '-c',
        'echo $$ > "$1/cgroup.procs"; shift; exec setpriv --pdeathsig KILL "$@"',
        'sh',
        own.path,
        ...unshare,
        BECOME_SYSTEMD,
      ]
    : [...unshare, ''];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // A login shell's variables are made by sshd; what this process has is not the machine's.
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await own?.remove();
  };
  try {
    await isUp(child);
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    return { name, pid: Number(children.trim().split(' ')[0]), end };
  } catch (cause) {
    await end();
    throw cause;
  }
}

async function isUp(child: ChildProcess): Promise<void> {
  if (!child.stdout || !child.stderr) throw new Error('no pipes');
  const late = AbortSignal.timeout(START_LIMIT_MS);
  const said: string[] = [];
  child.stderr.on('data', (part) => said.push(String(part)));
  for await (const line of createInterface({ input: child.stdout, signal: late })) {
    if (line === 'up') return;
    said.push(line);
  }
  throw new Error(`a machine does not start: ${said.join('\n')}`);
}

function machineOf({ name, pid }: Begun, address: string): OwnRootMachine {
  const path = (inside: string) => `/proc/${pid}/root${inside}`;
  const sshd = () => {
    // Its number counts from the machine's first process; ours is found by the parent.
    const [own] = descendants(pid).filter((one) => isSshd(one, pid));
    return own === undefined ? [] : descendants(own);
  };
  return {
    ...{ name, address, path },
    fingerprint: fingerprintOf(path('/etc/ssh/own_key.pub')),
    async run(script, ...args) {
      const inside = ['nsenter', '-t', String(pid), '-m', '-u', '-i', '-n', '-p', '-r', '-w', '--'];
      const env = ['env', '-i', 'HOME=/root', 'LC_ALL=C', `PATH=${ROOT_PATH}`];
      const [command = '', ...rest] = [...inside, ...env, 'sh', '-ec', script, 'sh', ...args];
      const { stdout } = await execute(command, rest);
      return stdout;
    },
    freezeSessions() {
      for (const session of sshd()) process.kill(session, 'SIGSTOP');
    },
    killSessions() {
      for (const session of sshd()) kill(session);
    },
  };
}

const ROOT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The listening one: a child of the machine's first process, with a session's name in neither case. */
function isSshd(pid: number, first: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return parent === first && stat.includes('(sshd)');
  } catch {
    return false;
  }
}

/** A cable between every two machines, and between each and this system. @returns the machines' addresses. */
async function connectAll(pids: readonly number[]): Promise<string[]> {
  // Far from what Tailscale gives out first; the routes of another run at the same time are seen and avoided.
  const subnet = await freeSubnet(pids.length + 1);
  const ends = [undefined, ...pids].map((pid, at) => ({ pid, address: `${subnet}.${at + 1}`, at }));
  for (const { pid, address } of ends) if (pid) await ip(pid, `addr add ${address}/32 dev lo`);
  const tag = `w${process.pid.toString(36)}${randomInt(36 ** 2).toString(36)}`;
  for (const one of ends)
    for (const other of ends) {
      if (one.at >= other.at || other.pid === undefined) continue;
      const [near, far] = [`${tag}-${one.at}${other.at}n`, `${tag}-${one.at}${other.at}f`];
      const home = one.pid === undefined ? '' : ` netns ${one.pid}`;
      await ip(undefined, `link add ${near}${home} type veth peer name ${far} netns ${other.pid}`);
      // This system has its address on the cable, where it goes away with it.
      if (!one.pid) await ip(undefined, `addr add ${one.address}/32 dev ${near}`);
      await ip(one.pid, `link set ${near} up`);
      await ip(other.pid, `link set ${far} up`);
      await ip(one.pid, `route add ${other.address}/32 dev ${near} src ${one.address}`);
      await ip(other.pid, `route add ${one.address}/32 dev ${far} src ${other.address}`);
    }
  return ends.slice(1).map(({ address }) => address);
}

async function freeSubnet(count: number): Promise<string> {
  for (;;) {
    const subnet = `100.${randomInt(96, 127)}.${randomInt(256)}`;
    const { stdout } = await execute('ip', ['-4', 'route', 'show', 'table', 'all']);
    if (count < 200 && !stdout.includes(`${subnet}.`)) return subnet;
  }
}

async function ip(pid: number | undefined, command: string): Promise<void> {
  const inside = pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n'];
  const [program = '', ...args] = [...inside, 'ip', ...command.split(' ')];
  await execute(program, args);
}
