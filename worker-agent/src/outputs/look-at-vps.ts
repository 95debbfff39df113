import { randomBytes } from 'node:crypto';
import type { VpsPlace } from './open-deliveries.ts';
import { type RemoteFailure, toRemoteFailure } from './sftp/remote-failure.ts';
import type { RemoteFiles } from './sftp/remote-files.ts';
import { realRoot } from './sftp/remote-folder.ts';
import { openSftpLink } from './sftp/sftp-link.ts';

/** What one look at the VPS found: undefined = in order. */
export interface VpsLook {
  connection: RemoteFailure | undefined;
  /** Null when it was not looked at. */
  outputs: { failure: RemoteFailure | undefined; freeBytes: number | null } | null;
  inputs: { failure: RemoteFailure | undefined } | null;
}

/** Connects once, tries to write where outputs go, and looks whether inputs are there. Leaves nothing behind. */
export async function lookAtVps(vps: VpsPlace, limitMs: number): Promise<VpsLook> {
  const link = openSftpLink(vps);
  try {
    const files = await link.files(AbortSignal.timeout(limitMs));
    const { outputsPath, inputsPath } = vps;
    const freeBytes = outputsPath === null ? null : await files.freeBytes(outputsPath);
    return {
      connection: undefined,
      outputs:
        outputsPath === null
          ? null
          : { failure: await failureOf(() => tryToWrite(files, outputsPath)), freeBytes },
      inputs:
        inputsPath === null
          ? null
          : { failure: await failureOf(() => realRoot(files, inputsPath, 'VPS_INPUTS_PATH')) },
    };
  } catch (cause) {
    return { connection: toRemoteFailure(cause), outputs: null, inputs: null };
  } finally {
    link.close();
  }
}

async function tryToWrite(files: RemoteFiles, root: string): Promise<void> {
  const top = await realRoot(files, root, 'VPS_OUTPUTS_PATH');
  const path = `${top}/.${randomBytes(9).toString('hex')}.part`;
  const handle = await files.open(path, 'create');
  await files.close(handle);
  await files.remove(path);
}

async function failureOf(look: () => Promise<unknown>): Promise<RemoteFailure | undefined> {
  try {
    await look();
    return undefined;
  } catch (cause) {
    return toRemoteFailure(cause);
  }
}
