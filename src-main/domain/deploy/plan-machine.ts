import { isTailnetHost } from '../hosts/tailnet.ts';
import type { PlanStep } from './deploy-view.ts';
import { type Findings, isNodeUsable } from './findings.ts';
import { INSTALL_TAILSCALE, JOIN_TAILNET } from './install-commands.ts';
import { placesIn } from './layout.ts';
import { docker, toolkit } from './plan-docker.ts';
import { imageRoom, models } from './plan-room.ts';
import { blocked, installing, step, type Wanted } from './plan-step.ts';

/** A release, its Node and a few logs, MiB. */
const SPACE_MIB = 400;
/** Node's name of the machine's processor. */
const NODE_ARCH: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64', arm64: 'arm64' };

/** Name of Node's official archive for a machine; undefined where there is none. */
export function nodeArchive(arch: string, version: string): string | undefined {
  const name = NODE_ARCH[arch];
  return name === undefined ? undefined : `node-${version}-linux-${name}`;
}

/** Whether the agent has room. */
export function disk(found: Findings): PlanStep {
  const free = found.diskFreeMiB;
  if (free !== null && free < SPACE_MIB)
    return step(
      'disk',
      'Room on the disk',
      blocked(
        'HOST_DISK_FULL',
        `Only ${free} MiB are free where the agent goes (${found.root}); it needs ${SPACE_MIB}.`,
        'Free some space there, then look again. Outputs of past workshops are usually the largest.',
      ),
    );
  const why =
    free === null ? 'How much is free is not known.' : `${Math.round(free / 1024)} GiB are free there.`;
  return step('disk', 'Room on the disk', { state: 'done', why });
}

/** What the machine itself must have: card, ports, Docker, tailnet, Node. */
export function machine(found: Findings, wanted: Wanted): PlanStep[] {
  const steps: PlanStep[] = [gpu(found, wanted)];
  if (wanted.runtime !== 'external') steps.push(ports(found, wanted));
  if (wanted.runtime === 'compose') steps.push(imageRoom(found, wanted), docker(found), toolkit(found));
  if (wanted.runtime !== 'external') steps.push(models(found, wanted));
  if (wanted.tunnel) steps.push(noTailnet(wanted));
  else if (isTailnetHost(wanted.redisHost)) steps.push(tailscale(found));
  steps.push(node(found, wanted));
  return steps;
}

function gpu(found: Findings, wanted: Wanted): PlanStep {
  const [first] = found.gpus;
  if (first)
    return step('gpu', 'GPU', {
      state: 'done',
      why: `${found.gpus.length === 1 ? '' : `${found.gpus.length} × `}${first.name}, driver ${first.driver}.`,
    });
  if (wanted.runtime === 'external')
    return step('gpu', 'GPU', {
      state: 'done',
      why: 'None is visible here; ComfyUI is run by somebody else, so that may be right.',
    });
  return step('gpu', 'GPU', {
    ...blocked(
      'HOST_GPU_MISSING',
      `No GPU is visible on this machine: ${found.gpuWhy || 'nvidia-smi does not answer'}.`,
      'Check that this is the GPU machine and that its NVIDIA driver is installed; or skip this to run without a GPU.',
    ),
    skippable: true,
  });
}

/**
 * Whether a server of this agent listens there. Where nobody may see who listens, a port that its configuration names
 * counts as its own; another never does.
 */
function isOwn(port: number, { ownPorts, listeners, agent }: Findings, { standingPorts }: Wanted): boolean {
  if (ownPorts.includes(port)) return true;
  const unseen = listeners[port] === undefined;
  return unseen && agent.current !== null && standingPorts.includes(port);
}

function ports(found: Findings, wanted: Wanted): PlanStep {
  const title = 'Ports of the workers';
  const held = wanted.ports.filter((port) => found.ports.includes(port));
  const taken = held.filter((port) => !isOwn(port, found, wanted));
  const named = taken.map((port) =>
    found.listeners[port] ? `${port} (${found.listeners[port]})` : `${port}`,
  );
  const range = `${wanted.ports[0] ?? ''}${wanted.ports.length > 1 ? `–${wanted.ports.at(-1)}` : ''}`;
  if (taken.length === 0) {
    const own =
      held.length === 0
        ? ''
        : ` ${held.join(' and ')} ${held.length === 1 ? 'is' : 'are'} in use by this agent’s own workers.`;
    return step('ports', title, { state: 'done', why: `${range} can be used.${own}` });
  }
  return step('ports', title, {
    ...blocked(
      'HOST_PORT_TAKEN',
      `Something already listens on port ${named.join(' and ')}, which workers need.`,
      'Stop what listens there (often a ComfyUI started by hand), or give the workers another first port under “How ComfyUI runs”.',
    ),
    skippable: true,
  });
}

/** Left out by the host it stays so, and can be taken back; in a pod there is nothing to choose. */
function noTailnet({ skip }: Wanted): PlanStep {
  const left = skip.has('tailscale');
  return step('tailscale', 'Tailscale', {
    ...{ state: left ? 'skipped' : 'done', skippable: left },
    why: `${left ? 'Left out' : 'Not needed, and it does not come up in a pod'}: this machine reaches Redis through the SSH of the VPS.`,
  });
}

function tailscale(found: Findings): PlanStep {
  const title = 'Tailscale';
  const [address] = found.tailscale.addresses;
  if (address) return step('tailscale', title, { state: 'done', why: `In the tailnet as ${address}.` });
  const why = found.tailscale.installed
    ? 'Tailscale is installed, but this machine is not in the tailnet.'
    : 'Redis is on the tailnet, and Tailscale is not installed here.';
  return installing(
    found,
    'tailscale',
    title,
    `${why} Its login appears here as a button; open it once.`,
    found.tailscale.installed ? JOIN_TAILNET : INSTALL_TAILSCALE,
  );
}

function node(found: Findings, wanted: Wanted): PlanStep {
  const title = 'Node.js';
  const { node: there } = placesIn(found.root);
  if (found.node && isNodeUsable(found.node.version))
    return step('node', title, {
      state: found.node.path === there ? 'done' : 'needed',
      why: `${found.node.version} at ${found.node.path} is used.`,
    });
  const archive = nodeArchive(found.arch, wanted.node.version);
  const why = found.node ? `${found.node.version} is too old; 20.11 is needed.` : 'There is none.';
  if (archive === undefined)
    return step(
      'node',
      title,
      blocked(
        'HOST_UNSUITABLE',
        `${why} There is no Node.js for this processor (${found.arch}).`,
        'Use a machine with an x86_64 or arm64 processor.',
      ),
    );
  if (found.fetcher === null)
    return step(
      'node',
      title,
      blocked(
        'HOST_UNSUITABLE',
        `${why} The machine has neither curl nor wget to fetch it with.`,
        'Install curl on the machine, then look again.',
      ),
    );
  const from = `${wanted.node.mirror}/${wanted.node.version}`;
  return step('node', title, {
    why: `${why} The official one goes into the agent’s folder; the system is not touched.`,
    commands: [
      `${found.fetcher === 'curl' ? 'curl -fsSLO' : 'wget -q'} ${from}/SHASUMS256.txt ${from}/${archive}.tar.gz`,
      `grep ' ${archive}.tar.gz$' SHASUMS256.txt | sha256sum -c -`,
      `tar -xzf ${archive}.tar.gz -C ${found.root}`,
    ],
  });
}
