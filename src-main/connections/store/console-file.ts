import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from './keep-file.ts';

const fileSchema = z.object({
  version: z.literal(1),
  name: z.string().max(200).nullable(),
  // Files of earlier versions have none.
  id: z.uuid().optional(),
});

/** What this console is called, and its id, in a file of its own. One that cannot be understood counts as none. */
export function consoleFile(dir: string) {
  const path = join(dir, 'console.json');
  const read = async () => {
    try {
      return fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch {
      return null;
    }
  };
  const write = (name: string | null, id: string | undefined) =>
    writeWhole(path, `${JSON.stringify({ version: 1, name, id }, null, 2)}\n`);
  return {
    load: async (): Promise<string | null> => (await read())?.name ?? null,
    /** @throws WorkshopError CONFIG when it cannot be written. */
    save: async (name: string | null): Promise<void> => write(name, (await read())?.id),
    /** The same in every process that uses this folder; where it cannot be kept, this process's only. */
    async id(): Promise<string> {
      const kept = await read();
      if (kept?.id !== undefined) return kept.id;
      const id = randomUUID();
      await write(kept?.name ?? null, id).catch(() => {});
      return id;
    },
  };
}
