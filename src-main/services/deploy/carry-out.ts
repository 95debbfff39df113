import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { PlanStep, StepId } from '../../domain/deploy/deploy-view.ts';
import { type Findings, isNodeUsable } from '../../domain/deploy/findings.ts';
import { INSTALL_UNIT } from '../../domain/deploy/install-commands.ts';
import { placesIn } from '../../domain/deploy/layout.ts';
import { nodeArchive } from '../../domain/deploy/plan-machine.ts';
import type { Wanted } from '../../domain/deploy/plan-step.ts';
import { openWay, withdrawKey } from './delivery.ts';
import { hearFrom } from './hear-from.ts';
import { INSTALL_MS, install } from './install.ts';
import type { Machine } from './machine.ts';
import type { AgentBundle } from './roles.ts';
import {
  ALIVE,
  BRING_NODE,
  DAEMON,
  PRIVATE_FOLDERS,
  REMOVE,
  REMOVE_UNIT,
  START,
  STOP,
  SWITCH,
  TAKE_RELEASE,
  USE_NODE,
} from './scripts.ts';
import type { Work } from './work.ts';

/** The longest that a stop in good order takes (the unit's TimeoutStopSec), ms. */
const STOP_MS = 11 * 60_000;
const LOOK_AGAIN_MS = 500;
/** An env file is small. */
const ENV_BYTES = 256 * 1024;

/** Carries one step out. Each finds what an earlier, broken-off run has done. @throws WorkshopError. */
export async function carryOut(step: PlanStep, work: Work): Promise<void> {
  await STEPS[step.id]?.(work, step);
}

const STEPS: Readonly<Partial<Record<StepId, (work: Work, step: PlanStep) => Promise<void>>>> = {
  docker: install,
  toolkit: install,
  tailscale: install,
  node: bringNode,
  release: uploadRelease,
  delivery: openWay,
  configuration: writeConfiguration,
  check: checkRelease,
  switch: switchOver,
  service: installService,
  start: startAgent,
  heartbeat: (work) => hearFrom(work),
  stop: stopAgent,
  withdraw: withdrawKey,
  remove: removeAll,
};

async function bringNode({ machine, found, wanted, say }: Work): Promise<void> {
  if (found.node && isNodeUsable(found.node.version)) {
    await machine.run(USE_NODE, [found.root, found.node.path]);
    return;
  }
  const { version, mirror } = wanted.node;
  const archive = nodeArchive(found.arch, version);
  if (archive === undefined)
    throw new WorkshopError('HOST_UNSUITABLE', `There is no Node.js for ${found.arch}.`);
  const from = `${mirror}/${version}`;
  await machine.run(BRING_NODE, [found.root, from, archive], {
    timeoutMs: INSTALL_MS,
    onStdout: say,
    onStderr: say,
    meanings: {
      11: {
        code: 'HOST_COMMAND',
        message: `Node.js could not be fetched from ${from}.`,
        remedy: 'Check that the machine reaches the internet, or install Node.js 20.11 or newer there.',
      },
      12: {
        code: 'CHECKSUM',
        message: 'The Node.js that was fetched does not have the official checksum; it was thrown away.',
        remedy: 'Press again. If it stays, something on the way changes downloads.',
      },
    },
  });
}

async function uploadRelease({ machine, found, wanted, bundle, signal, progress, say }: Work): Promise<void> {
  const { release, bundle: path } = placesIn(found.root);
  const { files } = machine.host;
  await machine.run(PRIVATE_FOLDERS, [release(wanted.release)]);
  say(`Uploading ${wanted.release}`);
  await files.upload(bundle.path, `${path(wanted.release)}.part`, {
    mode: 0o755,
    signal,
    onProgress: (sent, total) => progress(total > 0 ? sent / total : 0),
  });
  await machine.run(TAKE_RELEASE, [found.root, wanted.release, wanted.sha256], {
    meanings: {
      12: {
        code: 'CHECKSUM',
        message: 'The agent arrived damaged; it was thrown away.',
        remedy: 'Press again: it is uploaded anew.',
      },
    },
  });
}

async function writeConfiguration({ machine, found, envText, bundle }: Work): Promise<void> {
  const { files } = machine.host;
  const places = placesIn(found.root);
  await machine.run(PRIVATE_FOLDERS, [places.config, places.state, places.image]);
  await files.write(`${places.image}/Dockerfile`, bundle.dockerfile, 0o644);
  const next = await nextConfig(machine, found);
  if (next.text !== envText) await files.write(`${places.config}/${next.free}.env`, envText, 0o600);
}

/** The newest configuration on the machine and the number after it. */
async function nextConfig({ host }: Machine, found: Findings) {
  const { config } = placesIn(found.root);
  const numbers = (await host.files.list(config))
    .flatMap((name) => (/^\d+\.env$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
  const newest = numbers.at(-1);
  const text = newest === undefined ? undefined : await host.files.read(`${config}/${newest}.env`, ENV_BYTES);
  return { newest, free: (newest ?? 0) + 1, text: text?.toString() };
}

const doctorSchema = z.array(
  z.object({
    name: z.string(),
    outcome: z.enum(['ok', 'warn', 'fail']),
    detail: z.string(),
    fix: z.string().optional(),
  }),
);
/** ComfyUI comes up later than the agent; its absence stops nothing. */
const MAY_FAIL: ReadonlySet<string> = new Set(['ComfyUI']);

async function checkRelease({ machine, found, wanted, say }: Work): Promise<void> {
  const places = placesIn(found.root);
  const back = wanted.act === 'rollback';
  const release = back ? found.agent.previous : wanted.release;
  const config = back ? places.envFile : `${places.config}/${(await nextConfig(machine, found)).newest}.env`;
  const argv = [places.node, places.bundle(release ?? ''), 'doctor', '--json', '--env-file', config];
  const result = await machine.exec(argv, { timeoutMs: 90_000 });
  const parsed = doctorSchema.safeParse(jsonOf(result.stdout));
  if (!parsed.success)
    throw new WorkshopError(
      'HOST_COMMAND',
      `The agent does not run on this machine: ${result.stderr.trim().slice(-300) || `it ended with ${result.code}`}.`,
      { remedy: 'What worked before was not touched.' },
    );
  for (const { name, outcome, detail } of parsed.data) if (outcome !== 'ok') say(`${name}: ${detail}`);
  const fatal = parsed.data.find(({ name, outcome }) => outcome === 'fail' && !MAY_FAIL.has(name));
  if (fatal) throw checkFailed(fatal, wanted);
}

/** Sentences about the way for files, by the doctor's name of what it looked at (worker-agent, vps-checks.ts). */
const WAY_FAILED: Readonly<Record<string, string>> = {
  VPS: 'From this machine the way to the participants’ files does not work',
  'outputs on the VPS': 'The agent cannot put finished files where participants find them',
  'inputs on the VPS': 'The agent cannot fetch what participants load',
};

function checkFailed({ name, detail, fix }: z.infer<typeof doctorSchema>[number], wanted: Wanted) {
  const way = WAY_FAILED[name];
  if (way !== undefined)
    return new WorkshopError(name === 'VPS' ? 'HOST_UNREACHABLE' : 'HOST_FILE', `${way}: ${detail}.`, {
      remedy: `${wayRemedy(detail) ?? fix ?? 'Look at the VPS.'} Then press again, or leave “Way to the participants’ files” out: finished files then stay on this machine.`,
    });
  if (name !== 'Redis')
    return new WorkshopError(name === 'configuration' ? 'CONFIG' : 'HOST_UNSUITABLE', `${name}: ${detail}.`, {
      remedy: fix ?? 'What worked before was not touched.',
    });
  if (/password/i.test(detail))
    return new WorkshopError('REDIS_AUTH', `From this machine, ${detail}.`, {
      remedy: 'Import the .env of the VPS again, or correct REDIS_PASSWORD; then press again.',
    });
  if (wanted.tunnel)
    return new WorkshopError('REDIS_UNREACHABLE', `From this machine, ${detail}.`, {
      remedy: `${wayRemedy(detail) ?? fix ?? 'Look at the VPS.'} Then press again.`,
    });
  const refused = /ECONNREFUSED/.test(detail);
  if (refused && ['localhost', '127.0.0.1', '::1'].includes(wanted.redisHost))
    return new WorkshopError(
      'REDIS_UNREACHABLE',
      `The agent would look for Redis at ${wanted.redisHost}, which is this machine itself, and none is here.`,
      {
        remedy:
          'Import the .env of the VPS to this GPU host: it writes the address that is right from there.',
      },
    );
  return new WorkshopError(
    'REDIS_UNREACHABLE',
    refused
      ? `From this machine, nothing accepts connections at Redis’s address ${wanted.redisHost}: Redis on the VPS most likely listens on its loopback address only.`
      : `From this machine, ${detail}.`,
    {
      remedy: refused
        ? 'On Setup, read the .env from the VPS and press “Set it and restart Redis” there; then press here again.'
        : (fix ?? 'Check Tailscale on both machines.'),
    },
  );
}

/** @param detail of the agent's link (worker-agent, remote-failure.ts). The host knows no keys of configurations. */
function wayRemedy(detail: string): string | undefined {
  if (/does not let .* in with the key/.test(detail))
    return 'The line stands where sshd on the VPS says that it reads keys, so sshd forbids it otherwise: AllowUsers or a Match block that is about this machine, or a home folder that others may write to.';
  if (/shows the host key/.test(detail))
    return 'Look again: the VPS is asked anew for its keys. If it stays, another machine answers at this address.';
  // No button: what sshd forbids to everybody is a decision of whoever runs the VPS, and a wrong word in its
  // configuration locks everybody out.
  if (/does not let this key through/.test(detail))
    return 'sshd on the VPS forbids forwarding. Bring this machine into the tailnet, or have whoever runs the VPS allow it (AllowTcpForwarding local).';
  if (/nothing accepts connections there/.test(detail))
    return 'Start Redis on the VPS, or look again: its address there is asked anew.';
  if (/nothing answers SSH|does not answer|failed:/.test(detail))
    return 'SSH of the VPS must be open to this machine on that address: check the firewall and ListenAddress of its sshd, and Tailscale on both where it is an address of the tailnet.';
  return undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function switchOver({ machine, found, wanted }: Work): Promise<void> {
  const back = wanted.act === 'rollback';
  const release = back ? found.agent.previous : wanted.release;
  const config = back ? '' : `config/${(await nextConfig(machine, found)).newest}.env`;
  await machine.run(SWITCH, [found.root, release ?? '', config]);
}

/** The files that keep the agent running, as they should be. */
export function serviceFiles(found: Findings, bundle: AgentBundle): { path: string; text: string } {
  const places = placesIn(found.root);
  if (found.keeper === 'daemon') return { path: places.daemon, text: DAEMON };
  const text = (found.keeper === 'system' ? bundle.units.system : bundle.units.user)
    .replaceAll('@USER@', found.user)
    .replaceAll('@NODE@', places.node)
    .replaceAll('@AGENT@', `${places.current}/worker-agent.mjs`)
    .replaceAll('@ENV_FILE@', places.envFile);
  return { path: `${found.root}/worker-agent.service`, text };
}

async function installService({ machine, found, bundle }: Work): Promise<void> {
  const { path, text } = serviceFiles(found, bundle);
  await machine.host.files.write(path, text, found.keeper === 'daemon' ? 0o755 : 0o644);
  if (found.keeper === 'system')
    await machine.runAsRoot(`set -e\n${INSTALL_UNIT.system().join('\n')}\n`, [found.root]);
  if (found.keeper === 'user') await machine.run(`set -e\n${INSTALL_UNIT.user().join('\n')}\n`, [found.root]);
}

async function startAgent({ machine, found }: Work): Promise<void> {
  const args = [found.root, found.keeper, String(found.agent.running?.pid ?? '')];
  await (found.keeper === 'system' ? machine.runAsRoot(START, args) : machine.run(START, args));
}

async function stopAgent({ machine, found, say, signal }: Work): Promise<void> {
  const keeper = found.agent.service ?? 'daemon';
  const args = [found.root, keeper, String(found.agent.running?.pid ?? '')];
  await (keeper === 'system' ? machine.runAsRoot(STOP, args) : machine.run(STOP, args));
  say('It finishes its running jobs; this may take some minutes.');
  const until = performance.now() + STOP_MS;
  while (performance.now() < until) {
    const [pid] = (await machine.run(ALIVE, [found.root], { looks: true })).stdout.split('\n');
    if (!pid) return;
    await sleep(LOOK_AGAIN_MS, undefined, { signal });
  }
  throw new WorkshopError('HOST_TIMEOUT', 'The agent still works on its jobs.', {
    remedy: 'Cancel its running jobs or wait, then press again.',
  });
}

async function removeAll({ machine, found }: Work): Promise<void> {
  const keeper = found.agent.service;
  if (keeper === 'system') await machine.runAsRoot(REMOVE_UNIT, [keeper]);
  if (keeper === 'user') await machine.run(REMOVE_UNIT, [keeper]);
  await machine.run(REMOVE, [found.root]);
}
