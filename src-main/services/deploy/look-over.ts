import { envValues } from '../../../worker-agent/src/contract/env-text.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { FinishedFiles } from '../../../worker-agent/src/contract/host.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { envText, redisAt, workerPorts } from '../../domain/deploy/agent-env-file.ts';
import { agentSettings, type DeployChoices } from '../../domain/deploy/agent-settings.ts';
import { type ClockSkew, clockSkew } from '../../domain/deploy/clock-skew.ts';
import { type Delivery, finishedFiles, planDelivery, planWithdrawal } from '../../domain/deploy/delivery.ts';
import type { DeployAct, PlanStep, StepId } from '../../domain/deploy/deploy-view.ts';
import {
  type Findings,
  parseFindings,
  SILENT_MOUNT_REMEDY,
  silentMountName,
  silentMountOf,
  withoutRoot,
} from '../../domain/deploy/findings.ts';
import { DEFAULT_ROOT, placesIn, releaseName } from '../../domain/deploy/layout.ts';
import { planSteps } from '../../domain/deploy/plan.ts';
import type { Wanted } from '../../domain/deploy/plan-step.ts';
import { planTunnel } from '../../domain/deploy/tunnel.ts';
import { type Neighbours, standingPrefix } from '../../domain/deploy/worker-prefix.ts';
import { serviceFiles } from './carry-out.ts';
import { lookAtVps, readPublicKey } from './delivery.ts';
import type { LockOwner } from './host-lock.ts';
import { LOOK } from './look-script.ts';
import type { AgentBundle, DeployTarget, Vps } from './roles.ts';

/** Node that is brought to machines without one. */
export const NODE_VERSION = 'v24.21.0';
const ENV_BYTES = 256 * 1024;

export interface RunNeeds {
  host: RemoteHost;
  target: DeployTarget;
  vps: Vps | null;
  bundle: AgentBundle;
  /** What this console knows of the agent's configuration. */
  configuration: Readonly<Record<string, string>>;
  choices: DeployChoices;
  neighbours: Neighbours;
  /** Users of the machine of whom sudo said that they may not become root; a run adds to them. */
  withoutRights: Set<string>;
  nodeMirror: string;
  /** Whether a lock there is held by a process of this console. */
  own: LockOwner['own'];
  act: DeployAct;
  skip: ReadonlySet<StepId>;
  signal: AbortSignal;
}

/** What a look found and what follows from it. */
export interface Looked {
  found: Findings;
  skew: ClockSkew | null;
  steps: PlanStep[];
  wanted: Wanted;
  envText: string;
  /** What was imported from the VPS stands there. */
  imported: boolean;
  /** What its workers' names begin with. */
  prefix: string;
  files: FinishedFiles;
  /** The way for files on the VPS, as far as it is known. */
  delivery: VpsWay;
}

interface VpsWay {
  /** The VPS, where it was asked and answered. */
  vps: RemoteHost | null;
  permit: string | null;
  /** Where its sshd reads the agent's key: absolute, or '' for the usual file. */
  keyFile: string;
  /** What opens the way again. */
  mend: Delivery['mend'];
  /** Where finished files should go there; '' while it is not known. */
  outputs: string;
}

/** Looks over a machine and makes the plan. Changes nothing there. @throws WorkshopError. */
export async function lookOver(needs: RunNeeds): Promise<Looked> {
  const { host, target, bundle, act, skip, signal } = needs;
  const before = Date.now();
  const result = await host.script(LOOK, [target.root ?? DEFAULT_ROOT, needs.choices.modelsPath], {
    timeoutMs: 90_000,
    signal,
  });
  const after = Date.now();
  const seen = parseFindings(result.stdout);
  const found = needs.withoutRights.has(seen.user) ? withoutRoot(seen) : seen;
  // What this very console left there is no other's work; whoever begins sees to it.
  if (needs.own(found.lock?.split('|')[0] ?? '', 0) !== null) found.lock = null;
  // No shell at all, such as on Windows.
  if (result.code === 127 && result.stdout === '')
    throw new WorkshopError(
      'HOST_UNSUITABLE',
      `${host.label} has no POSIX shell, so it is no Linux machine (Windows, most likely). The agent and the workers need Linux with an NVIDIA card.`,
      { remedy: 'Rent a GPU machine, for instance from Verda or RunPod, and add it on Setup.' },
    );
  if (found.root === '' || found.user === '')
    throw new WorkshopError(
      'HOST_UNSUITABLE',
      `${host.label} could not be looked over${result.stderr ? `: ${result.stderr.trim().slice(-200)}` : ''}.`,
      { remedy: 'It must be a Linux machine with a POSIX shell.' },
    );
  const silent = silentMountOf(found, found.root);
  if (silent)
    throw new WorkshopError(
      'HOST_FILE',
      `The agent’s folder ${found.root} on ${host.label} is on ${silentMountName(silent)}, which does not answer.`,
      { remedy: SILENT_MOUNT_REMEDY },
    );
  const service = serviceFiles(found, bundle);
  const [importedText, config, unit] = await Promise.all([
    host.files.read(placesIn(found.root).imported, ENV_BYTES),
    host.files.read(placesIn(found.root).envFile, ENV_BYTES),
    host.files.read(service.path, ENV_BYTES),
  ]);
  const imported = envValues(importedText?.toString() ?? '');
  const standing = config ? envValues(config.toString()) : null;
  const { way, entries, delivery } = await lookForWay(needs, found, imported, standing ?? {});
  const settings = agentSettings(found, {
    ...{ workshop: needs.configuration, imported, delivery: entries },
    choices: needs.choices,
    standing,
    hostId: target.hostId,
    neighbours: needs.neighbours,
  });
  const text = envText(settings.entries, { root: found.root, hostId: target.hostId });
  const wanted: Wanted = {
    act,
    release: releaseName(bundle.version, bundle.sha256),
    sha256: bundle.sha256,
    runtime: settings.runtime,
    missing: settings.missing,
    image: settings.image,
    modelsPath: settings.modelsPath,
    redisHost: redisAt(settings.entries).host,
    ports: workerPorts(settings.entries),
    standingPorts: standing === null ? [] : workerPorts(standing),
    configurationCurrent: config?.toString() === text,
    serviceCurrent: unit?.toString() === service.text,
    way,
    tunnel: delivery.permit !== null || entries.REDIS_THROUGH === 'vps-ssh',
    skip,
    node: { version: NODE_VERSION, mirror: needs.nodeMirror },
  };
  const skew = clockSkew(found.clock, { before, after });
  const files = finishedFiles(settings.entries, found.root);
  return {
    ...{ found, skew, steps: planSteps(found, wanted), wanted, envText: text, files, delivery },
    imported: importedText !== undefined,
    prefix: standingPrefix(settings.entries) ?? '',
  };
}

/** The way for files, as it is and as it could be: asks the VPS as well. */
async function lookForWay(
  { host, target, configuration, act, skip, signal, ...needs }: RunNeeds,
  found: Findings,
  imported: Readonly<Record<string, string>>,
  present: Readonly<Record<string, string>>,
): Promise<{
  way: PlanStep | null;
  entries: Record<string, string>;
  delivery: VpsWay;
}> {
  const { root } = found;
  const redis = redisAt({ ...configuration, ...imported });
  const { hostId, name: machine } = target;
  const publicKey = act === 'rollback' ? null : await readPublicKey(host, root);
  const left = skip.has('delivery') && act === 'deploy';
  // Where nothing is to come of it, nobody waits for the VPS.
  const asked = act === 'rollback' || left ? null : needs.vps;
  const outputs = imported.VPS_OUTPUTS_PATH ?? present.VPS_OUTPUTS_PATH ?? '';
  const inputs = imported.VPS_INPUTS_PATH ?? present.VPS_INPUTS_PATH ?? '';
  const { look, host: vps } = await lookAtVps(
    asked,
    { hostId, redisPort: redis.port, outputs, inputs },
    signal,
  );
  const keyFile = look.kind === 'seen' ? look.found.keyFile : '';
  const delivery: VpsWay = { vps, keyFile, outputs, permit: null, mend: null };
  if (act === 'rollback') return { way: null, entries: {}, delivery };
  if (act === 'uninstall')
    return {
      way: planWithdrawal(look, { hostId, hasKey: publicKey !== null }),
      entries: {},
      delivery,
    };
  const { step, entries, permit, mend } = planDelivery({
    ...{ vps: look, imported, present, publicKey, root, hostId, machine },
    keygen: found.keygen,
    redisHost: redis.host,
    tunnel:
      look.kind === 'seen' && needs.vps
        ? planTunnel(found, redis, look.found, {
            login: needs.vps.login,
            withoutTailscale: skip.has('tailscale'),
          })
        : null,
    skip: left,
  });
  return { way: step, entries, delivery: { ...delivery, permit, mend } };
}
