import { z } from 'zod';
import { same } from '../same.ts';

/**
 * A document that several consoles share, as entries of which each answers one question: `message`, or
 * `nickname/user004`. Values are JSON; one that is absent counts as null.
 */
export type Entries = Readonly<Record<string, unknown>>;

/**
 * What one act wants of a shared document: for each entry what the person saw (`base`) and what they want. It is
 * fulfilled whole or not at all.
 */
export const wishSchema = z.object({
  /** The act in one sentence, as the other consoles read it. */
  told: z.string().max(2000),
  entries: z.record(z.string().max(300), z.object({ base: z.unknown(), want: z.unknown() })),
});
export type Wish = z.infer<typeof wishSchema>;

/** A wish that was not fulfilled: somebody answered the question of `entry` otherwise meanwhile. */
export interface RefusedWish {
  wish: Wish;
  entry: string;
}

/** What an act asks for. @param seen what the person saw; it differs from `before` where somebody else was faster. */
export function wishOf(told: string, seen: Entries, before: Entries, after: Entries): Wish {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !same(before[key] ?? null, after[key] ?? null),
  );
  return {
    told,
    entries: Object.fromEntries(
      keys.map((key) => [key, { base: seen[key] ?? null, want: after[key] ?? null }]),
    ),
  };
}

/**
 * Fulfils wishes in order. One is refused where an entry is neither as the person saw it nor as they want it: another
 * host has changed it, and nothing of theirs is overwritten in silence.
 */
export function fulfil(
  entries: Entries,
  wishes: readonly Wish[],
): { entries: Entries; refused: RefusedWish[] } {
  const now = new Map(Object.entries(entries));
  const refused: RefusedWish[] = [];
  for (const wish of wishes) {
    const asked = Object.entries(wish.entries);
    const against = asked.find(([key, { base, want }]) => {
      const stands = now.get(key) ?? null;
      return !same(stands, base ?? null) && !same(stands, want ?? null);
    });
    if (against) refused.push({ wish, entry: against[0] });
    else
      for (const [key, { want }] of asked)
        if (want === null || want === undefined) now.delete(key);
        else now.set(key, want);
  }
  return { entries: Object.fromEntries(now), refused };
}
