import { constants } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMereMention, notThere, outputPathOf, undeliverable } from './delivery-words.ts';
import { type ComfyOutputDir, fetchOutput } from './fetch-output.ts';
import { draftName, makeFolder, nameDraft } from './local-folder.ts';
import type { DeliveredFile, OutputDelivery } from './roles.ts';
import { planPlaces } from './safe-path.ts';

export interface LocalDeliveryOptions {
  /** Root of all outputs on this machine. */
  root: string;
  comfyOutputDir?: ComfyOutputDir | undefined;
}

/** Delivers into a folder of this machine. A file appears under its name only when it is complete and on the disk. */
export function localDelivery(options: LocalDeliveryOptions): OutputDelivery {
  return {
    async deliver(request) {
      const files: DeliveredFile[] = [];
      const warnings: string[] = [];
      for (const place of planPlaces(request, request.files)) {
        try {
          const folder = await makeFolder(options.root, place.subfolder);
          const draft = draftName();
          try {
            await fetchOutput(request, place.source, join(folder, draft), options.comfyOutputDir);
            files.push({ ...place, filename: await nameDraft(folder, draft, place.filename) });
          } finally {
            await rm(join(folder, draft), { force: true });
          }
        } catch (cause) {
          request.signal.throwIfAborted();
          if (!isMereMention(place.source, cause))
            throw undeliverable(place.source, cause, `Check space and rights of ${options.root}.`);
          warnings.push(notThere(place.source));
        }
      }
      return { files, outputPath: outputPathOf(request.userId), warnings };
    },
  };
}

/** Copies a file of this machine to its place below `root`, as `localDelivery` does with ComfyUI's files. */
export async function placeCopy(root: string, place: DeliveredFile, path: string): Promise<void> {
  const folder = await makeFolder(root, place.subfolder);
  const draft = draftName();
  try {
    await copyFile(path, join(folder, draft), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const copy = await open(join(folder, draft), 'r+');
    await copy.sync().finally(() => copy.close());
    await nameDraft(folder, draft, place.filename);
  } finally {
    await rm(join(folder, draft), { force: true });
  }
}
