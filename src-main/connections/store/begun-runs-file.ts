import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type BegunRun, begunRunSchema } from '../../domain/deploy/begun-run.ts';
import { writeWhole } from './keep-file.ts';

const fileSchema = z.object({ version: z.literal(1), runs: z.record(z.string().max(200), begunRunSchema) });

/** What this console does to machines now, by machine, so that it knows after a sudden end. It holds no secret. */
export function begunRunsFile(dir: string) {
  const path = join(dir, 'begun-runs.json');
  return {
    /** Never throws: what cannot be read is none. */
    async load(): Promise<Record<string, BegunRun>> {
      try {
        return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).runs;
      } catch {
        return {};
      }
    },
    /** @throws WorkshopError CONFIG when it cannot be written. */
    save: (runs: Record<string, BegunRun>): Promise<void> =>
      writeWhole(path, `${JSON.stringify({ version: 1, runs }, null, 2)}\n`),
  };
}
