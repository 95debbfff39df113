import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type JobViews, jobViewSchema } from '../../domain/job-view.ts';
import { writeWhole } from './keep-file.ts';

const fileSchema = z.object({ version: z.literal(1), views: z.array(jobViewSchema) });

/** The host's views of the jobs, in a file of their own. One that cannot be understood is laid aside, not lost. */
export function jobViewsFile(dir: string) {
  const path = join(dir, 'job-views.json');
  return {
    async load(): Promise<JobViews> {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch {
        return { views: [], fault: null };
      }
      try {
        return { views: fileSchema.parse(JSON.parse(text)).views, fault: null };
      } catch {
        const aside = `${path}.damaged`;
        const where = await rename(path, aside).then(
          () => `it is kept as ${aside}`,
          () => `it is still ${path}`,
        );
        return { views: [], fault: `The saved views of the jobs could not be read; ${where}.` };
      }
    },
    /** @throws WorkshopError CONFIG when it cannot be written. */
    save: (views: JobViews['views']): Promise<void> =>
      writeWhole(path, `${JSON.stringify({ version: 1, views }, null, 2)}\n`),
  };
}
