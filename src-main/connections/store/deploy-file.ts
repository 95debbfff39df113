import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { BASE_PORTS, type DeployChoices } from '../../domain/deploy/agent-settings.ts';

const text = z.string().max(2000);
const fileSchema = z.object({
  version: z.literal(1),
  choices: z.record(
    z.string().max(200),
    z.object({
      runtime: z.enum(['compose', 'process', 'external']).nullable(),
      ...{ image: text, command: text, urls: text, modelsPath: text },
      // Files of earlier versions have none.
      basePort: z.int().min(BASE_PORTS.least).max(BASE_PORTS.most).nullable().default(null),
    }),
  ),
});

/** How ComfyUI is to run on each machine, in a file beside the settings. It holds no secret. */
export function deployFile(dir: string) {
  const path = join(dir, 'deploy.json');
  return {
    async load(): Promise<Record<string, DeployChoices>> {
      try {
        return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).choices;
      } catch {
        // It holds nothing that cannot be chosen again.
        return {};
      }
    },
    async save(choices: Record<string, DeployChoices>): Promise<void> {
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        await writeFile(`${path}.draft`, `${JSON.stringify({ version: 1, choices }, null, 2)}\n`, {
          mode: 0o600,
        });
        await rename(`${path}.draft`, path);
      } catch (cause) {
        throw new WorkshopError('CONFIG', `The choice could not be kept in ${path}.`, {
          remedy: 'It holds until this console is closed. Check the folder’s rights and room.',
          cause,
        });
      }
    },
  };
}
