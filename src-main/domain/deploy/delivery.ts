import type { FinishedFiles } from '../../../worker-agent/src/contract/host.ts';
import type { RemedyId } from '../remedies/remedy.ts';
import { keyLine, keyMarker } from './agent-key.ts';
import type { PlanStep } from './deploy-view.ts';
import { placesIn } from './layout.ts';
import { blocked, step } from './plan-step.ts';
import type { Tunnel } from './tunnel.ts';
import type { VpsFindings } from './vps-findings.ts';

/** How it stands with the VPS, as far as this console can tell. */
export type VpsLook =
  /** This workshop has no login to one. */
  | { kind: 'none' }
  /** `why` and `remedy` are sentences. */
  | { kind: 'away'; why: string; remedy: string }
  | { kind: 'seen'; found: VpsFindings };

export interface DeliveryFacts {
  vps: VpsLook;
  /** As the GPU host sees it: the VPS is where Redis is. Empty while it is not known. */
  redisHost: string;
  /** How Redis is reached where the machine is in no tailnet; null for directly. */
  tunnel: Tunnel | null;
  /** What was imported to the machine, and what its agent has now. */
  imported: Readonly<Record<string, string>>;
  present: Readonly<Record<string, string>>;
  /** Of the agent's key on the machine; null while there is none. */
  publicKey: string | null;
  /** The machine has what makes such a key. */
  keygen: boolean;
  root: string;
  hostId: string;
  /** What the host calls the machine. */
  machine: string;
  skip: boolean;
}

export interface Delivery {
  /** null where there is nothing to say. */
  step: PlanStep | null;
  /** The VPS_ keys of agent.env: all that the agent needs, or none (it refuses half a set). And the way to Redis. */
  entries: Record<string, string>;
  /** `host:port` that the agent's key is let through to; null for none. */
  permit: string | null;
  /** What opens it again by a press; null where nothing is to be mended, or only a person can. */
  mend: Mend | null;
}

interface Mend {
  remedy: Extract<RemedyId, 'open-folder' | 'complete-import' | 'install-ssh-client'>;
  on: 'vps' | 'host';
}

const ID = 'delivery';
const TITLE = 'Way to the participants’ files';

/**
 * How finished files get from the GPU host to the folder on the VPS that participants' browsers read (contract 8.25):
 * by SFTP, with a key that is made on the GPU host and never leaves it.
 */
export function planDelivery(facts: DeliveryFacts): Delivery {
  const { vps, imported, present, skip } = facts;
  if (imported.VPS_SSH_HOST)
    return done(
      vpsKeys(imported),
      `workshop.env names it: ${imported.VPS_OUTPUTS_PATH ?? 'no folder for outputs'} on ${imported.VPS_SSH_HOST}.`,
      false,
    );
  if (skip)
    return {
      step: step(ID, TITLE, {
        state: 'skipped',
        skippable: true,
        why: 'Left out: finished files stay on this machine, where participants do not see them.',
      }),
      entries: {},
      permit: null,
      mend: null,
    };
  const kept = present.VPS_SSH_HOST ? vpsKeys(present) : undefined;
  if (vps.kind === 'none')
    return kept
      ? done(kept, 'This console has no login to the VPS; the agent keeps the way that it has.')
      : { step: null, entries: {}, permit: null, mend: null };
  if (facts.redisHost === '') return { step: null, entries: {}, permit: null, mend: null };
  if (vps.kind === 'away')
    return kept
      ? done(kept, `The VPS cannot be asked now (${bare(vps.why)}); the agent keeps the way that it has.`)
      : stop('HOST_UNREACHABLE', `The VPS cannot be asked for a way: ${bare(vps.why)}.`, vps.remedy);
  return planWay(facts, vps.found);
}

function planWay(facts: DeliveryFacts, found: VpsFindings): Delivery {
  const { root, hostId, machine, publicKey, imported, present, tunnel } = facts;
  const outputs = imported.VPS_OUTPUTS_PATH || present.VPS_OUTPUTS_PATH || '';
  const inputs = imported.VPS_INPUTS_PATH || present.VPS_INPUTS_PATH || '';
  const trouble = troubleWith(found, outputs, Object.keys(imported).length > 0);
  if (trouble) return trouble;
  if (publicKey === null && !facts.keygen)
    return stop(
      'HOST_UNSUITABLE',
      `${machine} has no ssh-keygen, which makes the agent’s key.`,
      'Press “Install OpenSSH’s client” above.',
      { remedy: 'install-ssh-client', on: 'host' },
    );
  const hasInputs = inputs !== '' && (found.inputs === 'readable' || found.inputs === 'writable');
  const entries: Record<string, string> = {
    VPS_SSH_HOST: tunnel?.sshHost ?? facts.redisHost,
    VPS_SSH_PORT: String(found.port ?? 22),
    VPS_SSH_USER: found.user,
    VPS_SSH_KEY_FILE: placesIn(root).vpsKey,
    VPS_SSH_HOST_KEY: found.hostKeys.join(','),
    VPS_OUTPUTS_PATH: outputs,
    ...(hasInputs && { VPS_INPUTS_PATH: inputs }),
    ...(tunnel && {
      ...{ REDIS_THROUGH: 'vps-ssh', REDIS_HOST: tunnel.redisHost, REDIS_PORT: String(tunnel.redisPort) },
      INFERENCE_SERVER_REDIS_HOST: tunnel.redisHost,
    }),
  };
  const permit = tunnel && `${tunnel.redisHost}:${tunnel.redisPort}`;
  const why = `The agent brings finished files to ${outputs} on the VPS as ${found.user}, with a key of its own. The key allows file transfer (SFTP) only, but of all that ${found.user} may read and write there, the keys that log in included${permit === null ? '' : `, and one port: that of Redis (${permit} there), which this machine reaches the same way`}. ${
    hasInputs
      ? `What participants load is fetched from ${inputs}.`
      : `What participants load is not fetched: ${inputs === '' ? 'where it lies on the VPS is not known' : `${found.user} cannot read ${inputs} there`}.`
  }`;
  const [line, ...others] = found.lines;
  const stands =
    publicKey !== null &&
    line === keyLine(publicKey, hostId, permit) &&
    others.length + found.strays.length === 0;
  if (stands) return { ...done(entries, why), permit };
  const key = publicKey ?? 'ssh-ed25519 (the public half of that key)';
  return {
    entries,
    permit,
    mend: null,
    step: step(ID, TITLE, {
      why,
      skippable: true,
      commands: [
        ...(publicKey === null
          ? [
              `# on ${machine}`,
              `ssh-keygen -q -t ed25519 -N '' -C ${keyMarker(hostId)} -f ${placesIn(root).vpsKey}`,
            ]
          : []),
        `# on the VPS, as ${found.user}, in place of an older line of ${keyMarker(hostId)}`,
        `echo '${keyLine(key, hostId, permit)}' >> ${found.keyFile || USUAL_KEYS}`,
      ],
    }),
  };
}

/** What a person must put right first. */
function troubleWith(
  { user, outputs, locked, hostKeys, keysClosed }: VpsFindings,
  path: string,
  imported: boolean,
): Delivery | undefined {
  if (path === '')
    return stop(
      'CONFIG',
      'It is not known where participants find their files on the VPS.',
      imported
        ? 'The .env was read before the console asked for it: press “Ask the VPS” above.'
        : 'Read the .env from the VPS in Setup and write it to this GPU host: it is asked for the folder then.',
      imported ? { remedy: 'complete-import', on: 'host' } : null,
    );
  if (outputs === 'missing')
    return stop(
      'HOST_FILE',
      `${path} is not there on the VPS, or ${user} may not see it.`,
      'Press “Open the folder” above, which makes it, or read the .env of the VPS again in Setup if it moved.',
      OPEN_FOLDER,
    );
  if (outputs !== 'writable')
    return stop(
      'HOST_FILE',
      `${user} may not write to ${path} on the VPS.`,
      'Press “Open the folder” above.',
      OPEN_FOLDER,
    );
  if (locked.length > 0)
    return stop(
      'HOST_FILE',
      `${user} may not write into ${count(locked)} below ${path} on the VPS: ${some(locked)}.`,
      'Docker probably made them as root. Press “Open the folder” above.',
      OPEN_FOLDER,
    );
  if (hostKeys.length === 0)
    return stop(
      'HOST_UNSUITABLE',
      'The VPS does not tell the key that its SSH server shows, so the agent could not know it again.',
      'Press “Install OpenSSH’s client” above: it brings ssh-keyscan.',
      { remedy: 'install-ssh-client', on: 'vps' },
    );
  // Both are a decision of whoever runs the VPS; nothing of sshd is changed from here.
  if (keysClosed?.kind === 'refused')
    return stop(
      'HOST_UNSUITABLE',
      `SSH on the VPS takes no keys of ${user}, so the agent has no way in.`,
      'Have PubkeyAuthentication switched on by whoever runs the VPS, then look again.',
    );
  if (keysClosed?.kind === 'elsewhere')
    return stop(
      'HOST_FILE',
      `SSH on the VPS reads the keys of ${user} from ${keysClosed.file} only, where ${user} may not write.`,
      `Ask whoever runs the VPS to let ${user} write there, or to name .ssh/authorized_keys in AuthorizedKeysFile as well; then look again.`,
    );
  return undefined;
}

const OPEN_FOLDER: Mend = { remedy: 'open-folder', on: 'vps' };
const USUAL_KEYS = '~/.ssh/authorized_keys';
const count = ({ length }: readonly string[]) =>
  length === 1 ? 'a participant’s folder' : `${length} participants’ folders`;
const some = (names: readonly string[]) =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}`;
const bare = (sentence: string) => sentence.replace(/\.$/, '');

function done(entries: Record<string, string>, why: string, skippable = true): Delivery {
  return { entries, step: step(ID, TITLE, { state: 'done', why, skippable }), permit: null, mend: null };
}

function stop(
  code: Parameters<typeof blocked>[0],
  message: string,
  remedy: string,
  mend: Mend | null = null,
): Delivery {
  const ways = `${bare(remedy)}. Or leave this out: finished files then stay on this machine.`;
  return {
    entries: {},
    step: step(ID, TITLE, { ...blocked(code, message, ways), skippable: true }),
    permit: null,
    mend,
  };
}

/** What belongs together with the way, where Redis is reached by it. */
const REDIS_WAY = new Set(['REDIS_THROUGH', 'REDIS_HOST', 'REDIS_PORT', 'INFERENCE_SERVER_REDIS_HOST']);

function vpsKeys(entries: Readonly<Record<string, string>>): Record<string, string> {
  const throughIt = entries.REDIS_THROUGH === 'vps-ssh';
  return Object.fromEntries(
    Object.entries(entries).filter(([name]) => name.startsWith('VPS_') || (throughIt && REDIS_WAY.has(name))),
  );
}

/** Taking the agent's line from the VPS when the agent goes; null where this console has no login to one. */
export function planWithdrawal(
  vps: VpsLook,
  { hostId, hasKey }: { hostId: string; hasKey: boolean },
): PlanStep | null {
  const title = 'Take its key from the VPS';
  const marker = keyMarker(hostId);
  if (vps.kind === 'none') return null;
  // Nothing holds up an uninstall that a person can do later: the key itself goes with the agent.
  if (vps.kind === 'away')
    return hasKey
      ? step('withdraw', title, { state: 'skipped', why: leftBehind(marker, vps.why) })
      : step('withdraw', title, {
          state: 'done',
          why: `No key is here. Whether a line of ${marker} stands on the VPS is not known: ${vps.why}`,
        });
  const { lines, strays, user, keyFile } = vps.found;
  if (lines.length + strays.length === 0)
    return step('withdraw', title, { state: 'done', why: `No line of ${marker} stands on the VPS.` });
  return step('withdraw', title, {
    why: `The line that lets ${marker} in as ${user} goes; the key itself goes with the agent.`,
    commands: [`# on the VPS, as ${user}`, `sed -i '/ ${marker}$/d' ${keyFile || USUAL_KEYS}`],
  });
}

/** For the plan, and for the sentence that says what was done. */
function leftBehind(marker: string, why: string): string {
  return `The VPS cannot be asked now (${bare(why)}), so the line of ${marker} stays in its authorized_keys. Its key is deleted here and lets nobody in; remove again when the VPS is back, and the line goes.`;
}

/** By the agent's configuration (worker-agent/README.md: OUTPUTS_PATH, VPS_OUTPUTS_PATH). */
export function finishedFiles(entries: Readonly<Record<string, string>>, root: string): FinishedFiles {
  const { VPS_SSH_HOST: host, VPS_OUTPUTS_PATH: path } = entries;
  if (host && path) return { on: 'vps', path };
  return { on: 'here', path: entries.OUTPUTS_PATH || `${placesIn(root).state}/outputs` };
}
