import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

/** @returns undefined when there is none. @throws WorkshopError CONFIG when it cannot be read. */
export async function readPrivate(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unusable(path, 'read', cause);
  }
}

/**
 * Written whole and renamed into place, so that a crash leaves the old or the new one; readable by this user only.
 * @throws WorkshopError CONFIG when it cannot be written.
 */
export async function writePrivate(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(draft, 'w', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw unusable(path, 'written', cause);
  }
}

function unusable(path: string, verb: string, cause: unknown): WorkshopError {
  return new WorkshopError(
    'CONFIG',
    `The settings file ${path} cannot be ${verb}: ${toWorkshopError(cause).message}.`,
    {
      remedy: 'Check the rights on that folder and the space on the disk.',
      cause,
    },
  );
}
