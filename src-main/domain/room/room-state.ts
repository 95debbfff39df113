import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { DocumentShape, SharedMark } from '../shared/shared-document.ts';
import { userIdOf } from './nickname-csv.ts';
import { NAME_MAX } from './person-name.ts';

/** Longest message line, in characters: two lines on a projector. */
export const MESSAGE_MAX = 140;
/** Nicknames kept. */
export const NICKNAMES_MAX = 1000;

/** What the hosts of a workshop set for the room together. `agent:room` in Redis holds it, with its stamp. */
export const roomContentSchema = z.object({
  /** A line for everybody; empty for none. */
  message: z.string().max(MESSAGE_MAX),
  /** A break until then, epoch ms as a clock on the wall shows it; null for none. One that is over counts as none. */
  breakUntil: z.number().nullable(),
  /** Where participants open the workshop in a browser; null when it is not to be shown. */
  url: z.string().max(300).nullable(),
  /** That address fills the screen, with its QR code. It needs a `url`. */
  join: z.boolean(),
  /** Nickname by user id. */
  nicknames: z
    .record(
      z.string().refine((id) => userIdOf(id) === id, 'that is no user id'),
      z
        .string()
        .min(1)
        .max(NAME_MAX * 20),
    )
    .refine((names) => Object.keys(names).length <= NICKNAMES_MAX, `at most ${NICKNAMES_MAX} nicknames`),
});
export type RoomContent = z.infer<typeof roomContentSchema>;

/** What one console does with its own projector. */
export const ownRoomSchema = z.object({
  /** The picture stays as it was; message, break and blank still count. */
  frozen: z.boolean(),
  /** Since when, local epoch ms; null while it is live, or where that is not known. */
  frozenAt: z.number().nullable(),
  /** Nothing is shown. */
  blank: z.boolean(),
  /** Dark on white, for a bright room. */
  light: z.boolean().default(false),
});
export type OwnRoom = z.infer<typeof ownRoomSchema>;

/** All that is set for the room view of one workshop, as this console shows it. */
export interface RoomState extends RoomContent, OwnRoom {
  shared: SharedMark;
}

export const freshOwnRoom = (): OwnRoom => ({ frozen: false, frozenAt: null, blank: false, light: false });

export const freshRoomContent = (): RoomContent => ({
  message: '',
  breakUntil: null,
  url: null,
  join: false,
  nicknames: {},
});

export const freshRoom = (): RoomState => ({
  ...freshRoomContent(),
  ...freshOwnRoom(),
  shared: { changed: null, unshared: null, refused: null },
});

const NICKNAME = 'nickname/';

export const roomShape: DocumentShape<RoomContent> = {
  fresh: freshRoomContent,
  entriesOf: ({ message, breakUntil, url, join, nicknames }) => ({
    ...{ message, breakUntil, url, join },
    ...Object.fromEntries(Object.entries(nicknames).map(([id, name]) => [NICKNAME + id, name])),
  }),
  contentOf(entries) {
    const names = Object.entries(entries).filter(([key]) => key.startsWith(NICKNAME));
    const { message, breakUntil, url, join } = { ...freshRoomContent(), ...entries };
    const nicknames = Object.fromEntries(names.map(([key, name]) => [key.slice(NICKNAME.length), name]));
    const content = roomContentSchema.safeParse({ message, breakUntil, url, join, nicknames });
    if (content.success) return content.data.url === null ? { ...content.data, join: false } : content.data;
    if (names.length > NICKNAMES_MAX)
      throw new WorkshopError('BAD_INPUT', `At most ${NICKNAMES_MAX} nicknames are kept.`, {
        remedy: 'Import the list with "replace" to drop those of other workshops.',
      });
    throw new WorkshopError('BAD_INPUT', `The room cannot be set so: ${content.error.issues[0]?.message}.`);
  },
  describe(entry, content) {
    if (entry.startsWith(NICKNAME)) {
      const id = entry.slice(NICKNAME.length);
      const name = Object.hasOwn(content.nicknames, id) ? content.nicknames[id] : undefined;
      return name === undefined ? `${id} has no nickname` : `${id} is ${name}`;
    }
    if (entry === 'message')
      return content.message === '' ? 'there is no message' : `the message is “${content.message}”`;
    if (entry === 'breakUntil')
      return content.breakUntil === null ? 'there is no break' : 'the break ends at another time';
    if (entry === 'url')
      return content.url === null ? 'there is no address' : `the address is ${content.url}`;
    return content.join ? 'the address fills the screen' : 'the address does not fill the screen';
  },
};
