import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { keyLine, keyMarker, publicKeyIn } from '../../domain/deploy/agent-key.ts';
import type { VpsLook } from '../../domain/deploy/delivery.ts';
import { placesIn } from '../../domain/deploy/layout.ts';
import { parseVpsFindings } from '../../domain/deploy/vps-findings.ts';
import { openInTime } from '../open-in-time.ts';
import { LOOK_AT_VPS, MAKE_KEY, SET_KEY_LINE } from './delivery-scripts.ts';
import { onMachine } from './machine.ts';
import type { Vps } from './roles.ts';
import type { Work } from './work.ts';

/** Nobody waits longer for a VPS that is away or asks a question, ms. */
const PATIENCE_MS = 20_000;
const KEY_BYTES = 4096;

export interface VpsSeen {
  look: VpsLook;
  host: RemoteHost | null;
}

/** Asks the VPS what the way for files needs. Changes nothing there; that it is away is an answer. */
export async function lookAtVps(
  vps: Vps | null,
  wanted: { hostId: string; redisPort: number; outputs: string; inputs: string },
  signal: AbortSignal,
): Promise<VpsSeen> {
  if (vps === null) return { look: { kind: 'none' }, host: null };
  try {
    const host = await openInTime(() => vps.open(), PATIENCE_MS, signal);
    const { hostId, redisPort, outputs, inputs } = wanted;
    const args = [keyMarker(hostId), String(redisPort), outputs, inputs];
    const { stdout } = await host.script(LOOK_AT_VPS, args, { timeoutMs: PATIENCE_MS, signal });
    const found = parseVpsFindings(stdout);
    if (found) return { look: { kind: 'seen', found }, host };
    return { look: away('it answers something unexpected', 'Check that it is a Linux machine.'), host: null };
  } catch (cause) {
    signal.throwIfAborted();
    const { message, remedy } = toWorkshopError(cause);
    return { look: away(message, remedy ?? 'Connect it in Setup, then look again.'), host: null };
  }
}

const away = (why: string, remedy: string): VpsLook => ({ kind: 'away', why, remedy });

/** The public half of the agent's key on the machine; null while there is none that can be used. */
export async function readPublicKey({ files }: RemoteHost, root: string): Promise<string | null> {
  const { vpsKey } = placesIn(root);
  const [secret, text] = await Promise.all([files.stat(vpsKey), files.read(`${vpsKey}.pub`, KEY_BYTES)]);
  return (secret && text && publicKeyIn(text.toString())) ?? null;
}

/** Makes the agent's key on the GPU host, where it stays, and lets its public half in at the VPS. */
export async function openWay(work: Work): Promise<void> {
  const { machine, found, hostId, permit } = work;
  const { stdout } = await machine.run(MAKE_KEY, [found.root, keyMarker(hostId)], {
    meanings: {
      11: {
        code: 'HOST_UNSUITABLE',
        message: `${machine.host.label} has no ssh-keygen, which makes the agent’s key.`,
        remedy:
          'Install openssh-client there, then press again. Or leave “Way to the participants’ files” out: finished files then stay on this machine.',
      },
    },
  });
  const publicKey = publicKeyIn(stdout);
  if (publicKey === undefined)
    throw new WorkshopError('HOST_COMMAND', `${machine.host.label} made no key that can be used.`, {
      remedy: `Remove ${placesIn(found.root).vpsKey} there, then press again.`,
    });
  await setLine(work, keyLine(publicKey, hostId, permit));
  work.say(`${keyMarker(hostId)} may bring files to the VPS.`);
}

/** Takes the agent's line from the VPS; the key itself goes with the install folder. */
export async function withdrawKey(work: Work): Promise<void> {
  await setLine(work, '');
}

async function setLine(work: Work, line: string): Promise<void> {
  const marker = keyMarker(work.hostId);
  // One that was written before sshd was asked where it reads.
  if (work.keyFile !== '') await onVps(work).run(SET_KEY_LINE, [marker, '', '']);
  await onVps(work).run(SET_KEY_LINE, [marker, line, work.keyFile]);
}

function onVps({ vps, signal }: Work) {
  if (vps) return onMachine(vps, { sudo: 'none', password: null, signal, work: null });
  throw new WorkshopError('HOST_LINK_LOST', 'The VPS went away.', {
    remedy: 'Connect it in Setup, then press again.',
  });
}
