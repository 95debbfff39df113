import { randomUUID } from 'node:crypto';
import { toWorkshopError, WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { AdoptReceipt, WorkshopsService } from '../api/roles/workshops.ts';
import {
  exportProfile,
  importProfile,
  type WorkshopProfile,
  type WorkshopsView,
} from '../domain/workshops/profile.ts';
import type { WorkshopSettings } from './settings.ts';

/** Where workshops are kept. All methods @throw WorkshopError. */
export interface WorkshopStore {
  view(): Promise<WorkshopsView>;
  put(profile: WorkshopProfile, password?: string | null): Promise<void>;
  turnTo(id: string, password?: string): Promise<{ settings: WorkshopSettings | null; asks: boolean }>;
  remove(id: string): Promise<{ wasCurrent: boolean }>;
  keepInFile(inFile: boolean): Promise<void>;
}

export interface WorkshopsNeeds {
  store: WorkshopStore;
  /** Turns the console to a link, or to none. */
  use(settings: WorkshopSettings | null): void;
  /** Waits until a link answers and keeps it. @throws WorkshopError with the reason. */
  connect(settings: WorkshopSettings): Promise<void>;
  /** How a draft of the import reaches Redis. */
  linkOf(draftId: string): { host: string; port: number; password: string; tls: boolean };
}

/** The saved workshops, and which one is watched. */
export function createWorkshopsService({ store, use, connect, linkOf }: WorkshopsNeeds): WorkshopsService {
  const find = async (id: string): Promise<WorkshopProfile> => {
    const found = (await store.view()).workshops.find(({ profile }) => profile.id === id);
    if (found) return found.profile;
    throw new WorkshopError('NOT_FOUND', 'This workshop is not among the saved ones.');
  };
  return {
    view: () => store.view(),

    async save({ profile, password }) {
      const { workshops } = await store.view();
      const before = workshops.find((one) => one.profile.id === profile.id);
      if (workshops.some((one) => one !== before && one.profile.name === profile.name))
        throw new WorkshopError('BAD_INPUT', 'Another workshop has this name already.', {
          remedy: 'Choose a name that tells them apart.',
        });
      await store.put(profile, password);
      const { currentId } = await store.view();
      // Only what the link is made of makes a new link; a changed word must not cut the old one.
      const linkChanged =
        password !== undefined ||
        JSON.stringify([before?.profile.redis, before?.profile.name]) !==
          JSON.stringify([profile.redis, profile.name]);
      if (currentId === profile.id && linkChanged) use((await store.turnTo(profile.id)).settings);
    },

    async turnTo({ id, password }) {
      const { settings, asks } = await store.turnTo(id, password);
      if (asks)
        throw new WorkshopError(
          'SECRET_NEEDED',
          'The Redis password of this workshop is not kept on this computer.',
          {
            remedy: 'Enter it to open the workshop.',
          },
        );
      use(settings);
    },

    async remove({ id }) {
      if ((await store.remove(id)).wasCurrent) use(null);
    },

    async exportFile({ id }) {
      const profile = await find(id);
      const slug = profile.name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '');
      return { fileName: `${slug || 'workshop'}.workshop.json`, text: exportProfile(profile) };
    },

    async importFile({ text }) {
      const read = importProfile(text);
      if (!read)
        throw new WorkshopError('BAD_INPUT', 'This is not a workshop file.', {
          remedy: 'Choose a file that this console exported; its name ends with .workshop.json.',
        });
      const { workshops } = await store.view();
      const taken = new Set(workshops.map(({ profile }) => profile.name));
      // Never over a workshop that is there: whoever sent the file could point it elsewhere.
      const profile = { ...read, id: randomUUID(), name: freeName(read.name, taken) };
      await store.put(profile, profile.redis === null ? null : undefined);
      return { id: profile.id, name: profile.name };
    },

    keepInFile: ({ inFile }) => store.keepInFile(inFile),

    async adoptImport({ draftId, id }) {
      const { host, port, password, tls } = linkOf(draftId);
      const { name, redis, vps } = await find(id);
      const first = (vps && redis?.through) || 'direct';
      const settings = { name, host, port, tls, password };
      try {
        await connect({ ...settings, through: first });
        return { through: first, instead: null };
      } catch (cause) {
        // What answered, if only to refuse, says the same on every way.
        if (!(cause instanceof WorkshopError) || cause.code !== 'REDIS_UNREACHABLE') throw cause;
        if (!vps)
          throw new WorkshopError(cause.code, cause.message, {
            remedy:
              `${cause.remedy ?? ''} Or enter the login to the VPS above: Redis is then reached through it.`.trim(),
            cause,
          });
        const second = first === 'direct' ? 'vps' : 'direct';
        await connect({ ...settings, through: second }).catch((other) => {
          throw bothWays({ [first]: cause, [second]: other } as Record<Way, unknown>);
        });
        return { through: second, instead: cause.message };
      }
    },
  };
}

type Way = AdoptReceipt['through'];

/** Redis answers neither directly nor through the VPS: both reasons, and the step that the second one needs. */
function bothWays({ direct, vps }: Record<Way, unknown>): WorkshopError {
  const [directly, through] = [toWorkshopError(direct), toWorkshopError(vps)];
  return new WorkshopError(
    through.code,
    `Directly: ${directly.message} Through the VPS: ${through.message}`,
    { remedy: through.remedy ?? directly.remedy, cause: vps },
  );
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${name.slice(0, 94)} (${count})`;
    if (!taken.has(candidate)) return candidate;
  }
}
