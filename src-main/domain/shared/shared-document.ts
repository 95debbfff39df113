import { z } from 'zod';
import { type Entries, wishSchema } from './wish.ts';

/** What stands on a document in Redis beside its content; `revision` is what compare-and-set goes by. */
export const stampSchema = z.object({
  protocol: z.number().int(),
  revision: z.number().int().positive(),
  /** Redis time, epoch ms, and the name of the console that wrote it. */
  at: z.number(),
  by: z.string().max(200),
});
export type Stamped<Content> = Content & z.infer<typeof stampSchema>;

/** How the content of one kind of document is taken apart, and put together again. */
export interface DocumentShape<Content> {
  fresh(): Content;
  entriesOf(content: Content): Entries;
  /** @throws WorkshopError BAD_INPUT when entries of several hosts together are too much. */
  contentOf(entries: Entries): Content;
  /** What stands at an entry, in words: "the message is “Lunch”". */
  describe(entry: string, content: Content): string;
}

/** What is kept of a shared document on this computer: the last known, and what has not reached the others yet. */
export function keptSharedSchema<Content extends z.ZodType>(content: Content) {
  return z.object({
    shared: z
      .object({ content, revision: z.number().int().positive(), at: z.number(), by: z.string().max(200) })
      .nullable(),
    wishes: z.array(wishSchema).max(3000),
  });
}
export interface KeptShared<Content> {
  shared: { content: Content; revision: number; at: number; by: string } | null;
  wishes: z.infer<typeof wishSchema>[];
}

/** How a shared document stands, for the screens. */
export interface SharedMark {
  /** The last change that every console knows; `at` is Redis time. null before the first. */
  changed: { revision: number; at: number; by: string } | null;
  /** Why the newest changes are known to this computer only, a sentence; null when the others have them. */
  unshared: string | null;
  /**
   * What was changed here while the others could not be told, and does not hold because one of them changed the same;
   * null when there is nothing such. `id` differs for each.
   */
  refused: { id: number; acts: string; why: string } | null;
}

/** What Redis holds at a document's key. */
export type FoundDocument<Content> =
  | { kind: 'absent' }
  | { kind: 'read'; document: Stamped<Content> }
  /** A sentence. */
  | { kind: 'unusable'; why: string };
