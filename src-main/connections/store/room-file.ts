import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  freshOwnRoom,
  type OwnRoom,
  type RoomContent,
  roomContentSchema,
} from '../../domain/room/room-state.ts';
import { writeWhole } from './keep-file.ts';

const displaySchema = z.object({
  id: z.string().max(100),
  label: z.string().max(300),
  width: z.number(),
  height: z.number(),
});
type Display = z.infer<typeof displaySchema>;

const displayFileSchema = z.object({ version: z.literal(1), display: displaySchema });

/** The one file of the first version: it knew one workshop, and forgot it when it turned to another. */
const firstSchema = z.object({
  version: z.literal(1),
  workshop: z.string().max(300).nullable(),
  state: z.object({
    ...roomContentSchema.omit({ nicknames: true, join: true }).shape,
    frozen: z.boolean(),
    blank: z.boolean(),
    /** Absent in files of the first version that knew no such card. */
    join: z.boolean().default(false),
    nicknames: z
      .array(z.tuple([z.string(), z.string()]))
      .transform((pairs) => Object.fromEntries(pairs))
      .pipe(roomContentSchema.shape.nicknames),
  }),
  display: displaySchema.nullable(),
});

/**
 * The display that the room view was last put on, in a file of its own: it belongs to this computer, whatever workshop
 * is current. A file that cannot be understood counts as none.
 */
export function displayFile(dir: string) {
  const path = join(dir, 'room-display.json');
  return {
    async load(): Promise<Display | null> {
      const kept = await readAs(path, displayFileSchema);
      return kept?.display ?? (await readFirst(dir))?.display ?? null;
    },
    /** @throws WorkshopError CONFIG when the file cannot be written. */
    save: (display: Display) => writeWhole(path, `${JSON.stringify({ version: 1, display }, null, 2)}\n`),
  };
}

/** What the first version kept for the workshop at this address; undefined for nothing. */
export async function firstRoom(
  dir: string,
  address: string,
): Promise<{ content: RoomContent; own: OwnRoom } | undefined> {
  const first = await readFirst(dir);
  if (first?.workshop !== address) return undefined;
  const { frozen, blank, ...content } = first.state;
  return { content, own: { ...freshOwnRoom(), frozen, blank } };
}

const readFirst = (dir: string) => readAs(join(dir, 'room.json'), firstSchema);

async function readAs<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
