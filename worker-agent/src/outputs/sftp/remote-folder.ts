import { RemoteFailure } from './remote-failure.ts';
import type { RemoteFiles } from './remote-files.ts';

/**
 * Makes `subfolder` below `root` on the VPS. The root itself must be there: a wrong path must not grow a second tree.
 * A step that is a link is refused, so that a link in a user's folder leads nothing elsewhere.
 * @returns the folder's real path.
 */
export async function makeRemoteFolder(files: RemoteFiles, root: string, subfolder: string): Promise<string> {
  let folder = await realRoot(files, root, 'VPS_OUTPUTS_PATH');
  for (const step of subfolder.split('/')) {
    if (step === '' || step === '.' || step === '..')
      throw new RemoteFailure('wrong', `${JSON.stringify(subfolder)} is no path`, 'Rename it.');
    folder = `${folder === '/' ? '' : folder}/${step}`;
    const found = await files.lstat(folder);
    if (found?.kind === 'folder') continue;
    if (found)
      throw new RemoteFailure(
        'wrong',
        `${folder} on the VPS is a ${found.kind}, not a folder`,
        'Move it out of the way.',
      );
    await files.mkdir(folder, 0o755);
  }
  return folder;
}

/** @param key the configuration key that names it. */
export async function realRoot(files: RemoteFiles, root: string, key: string): Promise<string> {
  const path = await files.realpath(root).catch(() => undefined);
  const found = path === undefined ? undefined : await files.lstat(path);
  if (path !== undefined && found?.kind === 'folder') return path;
  throw new RemoteFailure(
    'missing',
    `the folder ${root} is not there on the VPS`,
    `Correct ${key}, or create the folder on the VPS.`,
  );
}
