import { isInside } from '../local-folder.ts';
import type { RemoteFile } from '../sftp/download.ts';
import { RemoteFailure } from '../sftp/remote-failure.ts';
import type { RemoteFiles } from '../sftp/remote-files.ts';
import { realRoot } from '../sftp/remote-folder.ts';
import { isForeignFolder, type NamedInput, safeSteps } from './named-inputs.ts';

/** Where the VPS keeps what workflows name; null = not looked at. */
export interface RemoteRoots {
  /** VPS_INPUTS_PATH: a folder per user, and files for all beside them. */
  inputs: string;
  /** VPS_OUTPUTS_PATH, for ` [output]`. */
  outputs: string | null;
}

export type RemoteInput = { owner: 'user' | 'shared'; file: RemoteFile };

/** The path below the user's own folder: the user's name in front is not said twice. */
export function ownSteps(steps: readonly string[], userId: string): readonly string[] {
  return steps.length > 1 && steps[0] === userId ? steps.slice(1) : steps;
}

/** Finds a named file on the VPS: in the user's folder first, then among the shared ones. Links may not lead out. */
export async function findRemoteInput(
  files: RemoteFiles,
  roots: RemoteRoots,
  named: NamedInput,
  userId: string,
): Promise<RemoteInput | undefined> {
  const steps = safeSteps(named.path);
  if (!steps || safeSteps(userId)?.length !== 1) return undefined;
  const own = ownSteps(steps, userId).join('/');
  if (named.type === 'output') {
    if (roots.outputs === null) return undefined;
    const file = await fileAt(files, roots.outputs, 'VPS_OUTPUTS_PATH', `${userId}/${own}`);
    return file && { owner: 'user', file };
  }
  const mine = await fileAt(files, roots.inputs, 'VPS_INPUTS_PATH', `${userId}/${own}`);
  if (mine) return { owner: 'user', file: mine };
  if (isForeignFolder(steps[0] ?? '', userId) && steps.length > 1) return undefined;
  const shared = await fileAt(files, roots.inputs, 'VPS_INPUTS_PATH', steps.join('/'));
  return shared && { owner: 'shared', file: shared };
}

async function fileAt(
  files: RemoteFiles,
  root: string,
  key: string,
  path: string,
): Promise<RemoteFile | undefined> {
  const top = await realRoot(files, root, key);
  const real = await files.realpath(`${top}/${path}`).catch((cause: unknown) => {
    if (cause instanceof RemoteFailure && (cause.kind === 'missing' || cause.kind === 'wrong'))
      return undefined;
    throw cause;
  });
  if (real === undefined || !isInside(real, top)) return undefined;
  const found = await files.lstat(real);
  return found?.kind === 'file' ? { path: real, size: found.size, mtime: found.mtime } : undefined;
}
