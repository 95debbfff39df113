import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { NAME_MAX } from '../../domain/room/person-name.ts';
import { MESSAGE_MAX, NICKNAMES_MAX, type RoomState } from '../../domain/room/room-state.ts';

const fileSchema = z.object({
  version: z.literal(1),
  /** Which workshop `state` is about, by its Redis address; another one's names would be wrong. */
  workshop: z.string().max(300).nullable(),
  state: z.object({
    message: z.string().max(MESSAGE_MAX),
    breakUntil: z.number().nullable(),
    frozen: z.boolean(),
    blank: z.boolean(),
    url: z.string().max(300).nullable(),
    /** Absent in files of the first version that knew no such card. */
    join: z.boolean().default(false),
    nicknames: z
      .array(
        z.tuple([
          z.string().min(1).max(100),
          z
            .string()
            .min(1)
            .max(NAME_MAX * 20),
        ]),
      )
      .max(NICKNAMES_MAX),
  }),
  display: z
    .object({
      id: z.string().max(100),
      label: z.string().max(300),
      width: z.number(),
      height: z.number(),
    })
    .nullable(),
});

export interface StoredRoom {
  workshop: string | null;
  state: RoomState;
  display: z.infer<typeof fileSchema>['display'];
}

/**
 * The room's settings in a file of their own beside the console's, written whole and renamed into place. A file that
 * cannot be understood counts as none: it holds nothing that cannot be entered again.
 */
export function roomFile(dir: string) {
  const path = join(dir, 'room.json');
  return {
    async load(): Promise<StoredRoom | null> {
      try {
        const { workshop, state, display } = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
        return { workshop, display, state: { ...state, nicknames: Object.fromEntries(state.nicknames) } };
      } catch {
        return null;
      }
    },

    /** @throws WorkshopError CONFIG when the file cannot be written. */
    async save({ workshop, state, display }: StoredRoom): Promise<void> {
      const content: z.infer<typeof fileSchema> = {
        version: 1,
        workshop,
        state: { ...state, nicknames: Object.entries(state.nicknames) },
        display,
      };
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
        throw new WorkshopError(
          'CONFIG',
          `The file ${path} cannot be written: ${toWorkshopError(cause).message}.`,
          {
            remedy: 'Check the rights on that folder and the space on the disk.',
            cause,
          },
        );
      }
    },
  };
}
