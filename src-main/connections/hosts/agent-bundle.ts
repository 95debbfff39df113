import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

const aboutSchema = z.object({ version: z.string().regex(/^[\w.+-]{1,40}$/) });

/**
 * The agent that this console brings along: its one file, its version, its systemd units.
 * @param folders where bundle and units may be, e.g. the app's resources or the build's folders.
 * @throws WorkshopError NOT_FOUND when it was not built.
 */
export async function readAgentBundle(folders: readonly string[]) {
  const path = await firstOf(folders, 'worker-agent.mjs');
  const [bytes, about, system, user, dockerfile] = await Promise.all([
    readFile(path),
    firstOf(folders, 'worker-agent.json').then((file) => readFile(file, 'utf8')),
    firstOf(folders, 'worker-agent.service').then((file) => readFile(file, 'utf8')),
    firstOf(folders, 'worker-agent.user.service').then((file) => readFile(file, 'utf8')),
    firstOf(folders, 'Dockerfile').then((file) => readFile(file, 'utf8')),
  ]);
  return {
    path,
    version: aboutSchema.parse(JSON.parse(about)).version,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    units: { system, user },
    dockerfile,
  };
}

async function firstOf(folders: readonly string[], name: string): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await readFile(path).then(Boolean, () => false)) return path;
  }
  throw new WorkshopError('NOT_FOUND', `The agent is not part of this console: ${name} is missing.`, {
    remedy: 'Build it with: npm run build',
  });
}
