import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from './keep-file.ts';

const fileSchema = z.object({ version: z.literal(1), name: z.string().max(200).nullable() });

/** What this console is called, in a file of its own. One that cannot be understood counts as no name. */
export function consoleFile(dir: string) {
  const path = join(dir, 'console.json');
  return {
    async load(): Promise<string | null> {
      try {
        return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).name;
      } catch {
        return null;
      }
    },
    /** @throws WorkshopError CONFIG when it cannot be written. */
    save: (name: string | null): Promise<void> =>
      writeWhole(path, `${JSON.stringify({ version: 1, name }, null, 2)}\n`),
  };
}
