import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { emptyProfile, type WorkshopProfile, type WorkshopsView } from '../../domain/workshops/profile.ts';
import {
  NOTHING_STORED,
  printStored,
  readStored,
  type StoredPassword,
  type StoredWorkshops,
} from '../../domain/workshops/stored-workshops.ts';
import { clearSecrets } from './clear-secrets.ts';
import { readPrivate, writePrivate } from './private-file.ts';

/** Seals secrets with the operating system's keychain, where the shell has one. */
export interface SecretStore {
  /** @returns text that only this user of this machine can open, or null when there is no safe place. */
  seal(secret: string): string | null;
  /** @returns undefined when it cannot be opened (another machine, another user, a lost key). */
  open(sealed: string): string | undefined;
}

/** No safe place: secrets live as long as the process does. */
export const secretsInMemoryOnly: SecretStore = { seal: () => null, open: () => undefined };

export interface StoredSettings {
  name: string;
  host: string;
  port: number;
  tls: boolean;
  password: string | null;
  /** Absent means direct. */
  through?: 'direct' | 'vps' | undefined;
}

/**
 * The saved workshops in one file of the app's own folder, never with a password in clear. Methods @throw WorkshopError
 * CONFIG when the folder cannot be used, NOT_FOUND for a workshop that is not there.
 * @param changed called after each change, when it is on the disk.
 */
export function settingsFile(dir: string, secrets: SecretStore, changed: () => void = () => {}) {
  const path = join(dir, 'settings.json');
  const inClear = clearSecrets(dir);
  /** Passwords that were entered and have no other place, while this process lives. */
  const entered = new Map<string, string>();
  let turn: Promise<unknown> = Promise.resolve();
  let currentId: string | null = null;

  const read = async (): Promise<{ stored: StoredWorkshops; notice: string | null }> => {
    const text = await readPrivate(path);
    if (text === undefined) return { stored: NOTHING_STORED, notice: null };
    const stored = readStored(text);
    if (stored) return { stored, notice: null };
    const aside = `${path}.unreadable-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    await rename(path, aside);
    const notice = `The settings could not be read and were put aside as ${aside}. Enter the workshop again.`;
    return { stored: NOTHING_STORED, notice };
  };
  /** One change after the other, each on what the one before left. */
  const change = <Result>(
    make: (stored: StoredWorkshops) => Promise<[StoredWorkshops, Result]>,
  ): Promise<Result> => {
    const done = turn.then(async () => {
      const [next, result] = await make((await read()).stored);
      await writePrivate(path, printStored(next));
      currentId = next.currentId;
      changed();
      return result;
    });
    turn = done.catch(() => {});
    return done;
  };
  /** @param lasting false: only as long as this process lives. */
  const keep = async (
    id: string,
    password: string | null,
    inFile: boolean,
    lasting = true,
  ): Promise<StoredPassword> => {
    entered.delete(id);
    await inClear.remove(id);
    if (password === null) return { kind: 'none' };
    const text = lasting ? secrets.seal(password) : null;
    if (text !== null) return { kind: 'sealed', text };
    entered.set(id, password);
    if (!inFile || !lasting) return { kind: 'asked' };
    await inClear.set(id, password);
    return { kind: 'file' };
  };
  const passwordOf = async (id: string, kept: StoredPassword): Promise<string | null | undefined> => {
    if (kept.kind === 'none') return null;
    if (kept.kind === 'sealed') return secrets.open(kept.text);
    return entered.get(id) ?? (kept.kind === 'file' ? await inClear.get(id) : undefined);
  };
  const find = (stored: StoredWorkshops, id: string) => {
    const one = stored.workshops.find(({ profile }) => profile.id === id);
    if (one) return one;
    throw new WorkshopError('NOT_FOUND', 'This workshop is not among the saved ones.', {
      remedy: 'Choose another one.',
    });
  };
  const put = async (
    stored: StoredWorkshops,
    profile: WorkshopProfile,
    password: string | null | undefined,
    lasting = true,
  ) => {
    const before = stored.workshops.find((one) => one.profile.id === profile.id);
    const kept =
      password === undefined
        ? (before?.password ?? { kind: 'asked' as const })
        : await keep(profile.id, password, stored.secretsInFile, lasting);
    const now = { profile, password: kept };
    const workshops = before
      ? stored.workshops.map((one) => (one === before ? now : one))
      : [...stored.workshops, now];
    return { ...stored, workshops };
  };

  return {
    /** Profile of the current workshop, as it was last read or written here; null for none. */
    currentId: () => currentId,

    /**
     * The current workshop's link. @returns null settings before the first run. A file that cannot be understood is
     * kept aside under another name, and `notice` says so.
     */
    async load(): Promise<{ settings: StoredSettings | null; notice: string | null }> {
      const { stored, notice } = await read();
      currentId = stored.currentId;
      const current = stored.workshops.find(({ profile }) => profile.id === stored.currentId);
      if (!current?.profile.redis) return { settings: null, notice };
      const { host, port, tls, through } = current.profile.redis;
      const password = await passwordOf(current.profile.id, current.password);
      return {
        settings: {
          ...{ name: current.profile.name, host, port, tls, password: password ?? null },
          ...(through === 'vps' && { through }),
        },
        notice: password === undefined ? missing(current.password) : notice,
      };
    },

    /**
     * Keeps a link that works: of the workshop by that name, else of a new one; it becomes the current one.
     * @param lasting false: its password is known to this process only, whatever place there is for it.
     */
    async save(settings: StoredSettings, lasting = true): Promise<void> {
      const { name, host, port, tls, password, through } = settings;
      await change(async (stored) => {
        const known = stored.workshops.find(({ profile }) => profile.name === name)?.profile;
        const profile = known ?? emptyProfile(randomUUID(), name);
        const redis = { host, port, tls, through: through ?? known?.redis?.through ?? ('direct' as const) };
        const next = await put(stored, { ...profile, redis }, password, lasting);
        return [{ ...next, currentId: profile.id }, undefined];
      });
    },

    /** Forgets the current workshop, its password included. */
    async forget(): Promise<void> {
      await change(async (stored) => {
        if (stored.currentId !== null) await keep(stored.currentId, null, false);
        const workshops = stored.workshops.filter(({ profile }) => profile.id !== stored.currentId);
        return [{ ...stored, currentId: null, workshops }, undefined];
      });
    },

    async view(): Promise<WorkshopsView> {
      const { stored } = await read();
      const workshops = await Promise.all(
        stored.workshops.map(async ({ profile, password }) => {
          const known = await passwordOf(profile.id, password);
          return {
            profile,
            password: known === null ? 'none' : known === undefined ? 'asked' : 'kept',
          } as const;
        }),
      );
      const keychain = secrets.seal('') !== null;
      return {
        currentId: stored.currentId,
        workshops,
        secrets: { keychain, inFile: stored.secretsInFile, file: inClear.path },
      };
    },

    /** Adds or replaces a workshop. @param password undefined keeps what is kept. */
    async put(profile: WorkshopProfile, password?: string | null): Promise<void> {
      await change(async (stored) => [await put(stored, profile, password), undefined]);
    },

    /** @returns its link, or why it cannot be opened yet. */
    async turnTo(id: string, password?: string): Promise<{ settings: StoredSettings | null; asks: boolean }> {
      return change<{ settings: StoredSettings | null; asks: boolean }>(async (stored) => {
        const { profile } = find(stored, id);
        const next = password === undefined ? stored : await put(stored, profile, password);
        const known = await passwordOf(id, find(next, id).password);
        if (known === undefined && profile.redis) return [stored, { settings: null, asks: true }];
        const { redis, name } = profile;
        const settings = redis && {
          name,
          host: redis.host,
          port: redis.port,
          tls: redis.tls,
          ...(redis.through === 'vps' && { through: redis.through }),
          password: known ?? null,
        };
        return [
          { ...next, currentId: id },
          { settings, asks: false },
        ];
      });
    },

    async remove(id: string): Promise<{ wasCurrent: boolean }> {
      return change(async (stored) => {
        find(stored, id);
        await keep(id, null, false);
        const wasCurrent = stored.currentId === id;
        const workshops = stored.workshops.filter(({ profile }) => profile.id !== id);
        return [{ ...stored, currentId: wasCurrent ? null : stored.currentId, workshops }, { wasCurrent }];
      });
    },

    /** Keeps passwords in a file that only this user can read, or no longer; only where there is no keychain. */
    async keepInFile(inFile: boolean): Promise<void> {
      await change(async (stored) => {
        const workshops = await Promise.all(
          stored.workshops.map(async (one) => {
            if (one.password.kind !== 'asked' && one.password.kind !== 'file') return one;
            const known = await passwordOf(one.profile.id, one.password);
            if (known !== undefined && known !== null) entered.set(one.profile.id, known);
            return { ...one, password: { kind: inFile && known ? ('file' as const) : ('asked' as const) } };
          }),
        );
        await inClear.clear();
        for (const { profile, password } of workshops) {
          const known = entered.get(profile.id);
          if (password.kind === 'file' && known !== undefined) await inClear.set(profile.id, known);
        }
        return [{ ...stored, secretsInFile: inFile, workshops }, undefined];
      });
    },
  };
}

const missing = (password: StoredPassword) =>
  password.kind === 'sealed'
    ? 'The stored password cannot be opened on this machine. Enter it again.'
    : 'The Redis password is not kept on this computer. Enter it again.';
