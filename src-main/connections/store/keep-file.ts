import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

/**
 * Writes a file whole: beside it first, flushed, then renamed into place, so that a reader sees the old or the new one.
 * @throws WorkshopError CONFIG when it cannot be written.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw new WorkshopError(
      'CONFIG',
      `The file ${path} cannot be written: ${toWorkshopError(cause).message}.`,
      {
        remedy: 'Check the rights on that folder and the space on the disk.',
        cause,
      },
    );
  }
}
