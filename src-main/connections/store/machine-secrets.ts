import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readPrivate, writePrivate } from './private-file.ts';
import type { SecretStore } from './settings-file.ts';

const schema = z.object({ version: z.literal(1), sealed: z.record(z.string(), z.string()) });

/** Passwords of machines and passphrases of keys, sealed by the system's keychain; nothing is kept where there is none. */
export function machineSecrets(dir: string, secrets: SecretStore) {
  const path = join(dir, 'machine-secrets.json');
  let turn: Promise<unknown> = Promise.resolve();
  const load = async (): Promise<Record<string, string>> => {
    const text = await readPrivate(path);
    try {
      return text === undefined ? {} : schema.parse(JSON.parse(text)).sealed;
    } catch {
      return {};
    }
  };
  const change = (make: (sealed: Record<string, string>) => Record<string, string>): Promise<void> => {
    const done = turn.then(async () => {
      const sealed = make(await load());
      if (Object.keys(sealed).length === 0) await rm(path, { force: true });
      else await writePrivate(path, `${JSON.stringify({ version: 1, sealed }, null, 2)}\n`);
    });
    turn = done.catch(() => {});
    return done;
  };
  return {
    get available() {
      return secrets.seal('') !== null;
    },
    async get(key: string): Promise<string | undefined> {
      const sealed = (await load())[key];
      return sealed === undefined ? undefined : secrets.open(sealed);
    },
    async set(key: string, secret: string): Promise<void> {
      const sealed = secrets.seal(secret);
      if (sealed !== null) await change((all) => ({ ...all, [key]: sealed }));
    },
    remove: (key: string): Promise<void> =>
      change((all) => {
        const { [key]: _, ...rest } = all;
        return rest;
      }),
  };
}
