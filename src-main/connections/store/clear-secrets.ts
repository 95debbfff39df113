import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readPrivate, writePrivate } from './private-file.ts';

const schema = z.object({ version: z.literal(1), redisPasswords: z.record(z.string(), z.string()) });

/**
 * Passwords in clear, in a file that says so by its name and that only this user can read. It is there only after the
 * person chose it, on a computer without a keychain.
 */
export function clearSecrets(dir: string) {
  const path = join(dir, 'passwords-in-clear.json');
  const load = async (): Promise<Record<string, string>> => {
    const text = await readPrivate(path);
    try {
      return text === undefined ? {} : schema.parse(JSON.parse(text)).redisPasswords;
    } catch {
      return {};
    }
  };
  const save = async (redisPasswords: Record<string, string>) => {
    if (Object.keys(redisPasswords).length === 0) return rm(path, { force: true });
    await writePrivate(path, `${JSON.stringify({ version: 1, redisPasswords }, null, 2)}\n`);
  };
  return {
    path,
    get: async (id: string): Promise<string | undefined> => (await load())[id],
    async set(id: string, password: string): Promise<void> {
      await save({ ...(await load()), [id]: password });
    },
    async remove(id: string): Promise<void> {
      const { [id]: _, ...rest } = await load();
      await save(rest);
    },
    clear: () => save({}),
  };
}
