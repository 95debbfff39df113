import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

/** Seals secrets with the operating system's keychain, where the shell has one. */
export interface SecretStore {
  /** @returns text that only this user of this machine can open, or null when there is no safe place. */
  seal(secret: string): string | null;
  /** @returns undefined when it cannot be opened (another machine, another user, a lost key). */
  open(sealed: string): string | undefined;
}

/** No safe place: secrets live as long as the process does. */
export const secretsInMemoryOnly: SecretStore = { seal: () => null, open: () => undefined };

const fileSchema = z.object({
  version: z.literal(1),
  /** Null after "forget this workshop". A list of saved workshops can stand beside it later. */
  workshop: z
    .object({
      name: z.string().min(1).max(100),
      redis: z.object({
        host: z.string().min(1).max(255),
        port: z.number().int().min(1).max(65535),
        tls: z.boolean(),
      }),
      /** Sealed password; null when there is none, or it is not kept. */
      sealedPassword: z.string().nullable(),
    })
    .nullable(),
});
type SettingsFile = z.infer<typeof fileSchema>;

export interface StoredSettings {
  name: string;
  host: string;
  port: number;
  tls: boolean;
  password: string | null;
}

/**
 * The settings in one file of the app's own folder. Written whole and renamed into place, so that a crash leaves the
 * old or the new one; readable by this user only; never holds a password in clear.
 */
export function settingsFile(dir: string, secrets: SecretStore) {
  const path = join(dir, 'settings.json');
  return {
    /**
     * @returns null settings before the first run. A file that cannot be understood is kept aside under another name,
     * and `notice` says so.
     * @throws WorkshopError CONFIG when the folder cannot be read at all.
     */
    async load(): Promise<{ settings: StoredSettings | null; notice: string | null }> {
      const text = await readText(path);
      if (text === undefined) return { settings: null, notice: null };
      const file = parse(text);
      if (!file) {
        const aside = `${path}.unreadable-${new Date().toISOString().replace(/[:.]/g, '-')}`;
        await rename(path, aside);
        const notice = `The settings could not be read and were put aside as ${aside}. Enter the workshop again.`;
        return { settings: null, notice };
      }
      if (!file.workshop) return { settings: null, notice: null };
      const { name, redis, sealedPassword } = file.workshop;
      const password = sealedPassword === null ? null : (secrets.open(sealedPassword) ?? null);
      const notice =
        sealedPassword !== null && password === null
          ? 'The stored password cannot be opened on this machine. Enter it again.'
          : null;
      return { settings: { name, ...redis, password }, notice };
    },

    /** @throws WorkshopError CONFIG when the file cannot be written. */
    async save({ name, host, port, tls, password }: StoredSettings): Promise<void> {
      const sealedPassword = password === null ? null : secrets.seal(password);
      await write(dir, path, { version: 1, workshop: { name, redis: { host, port, tls }, sealedPassword } });
    },

    /** @throws WorkshopError CONFIG when the file cannot be written. */
    async forget(): Promise<void> {
      await write(dir, path, { version: 1, workshop: null });
    },
  };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unusable(path, 'read', cause);
  }
}

function parse(text: string): SettingsFile | undefined {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function write(dir: string, path: string, content: SettingsFile): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    throw unusable(path, 'written', cause);
  }
}

function unusable(path: string, verb: string, cause: unknown): WorkshopError {
  return new WorkshopError(
    'CONFIG',
    `The settings file ${path} cannot be ${verb}: ${toWorkshopError(cause).message}.`,
    {
      remedy: 'Check the rights on that folder and the space on the disk.',
      cause,
    },
  );
}
