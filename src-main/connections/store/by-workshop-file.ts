import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { WorkshopKey } from '../../domain/workshops/workshop-key.ts';
import { writeWhole } from './keep-file.ts';

/** Workshops remembered; the least recently used go first. */
const WORKSHOPS_MAX = 20;

/** What is kept for each workshop, told apart by its profile, else by its Redis address. */
export interface ByWorkshop<Value> {
  /** undefined when nothing (that can be understood) was kept for it. */
  load(workshop: WorkshopKey): Promise<Value | undefined>;
  /** One write after the other, the last one stands. @throws WorkshopError CONFIG when it cannot be written. */
  save(workshop: WorkshopKey, value: Value): Promise<void>;
}

/** Keeps one value a workshop in one file. What cannot be understood counts as not there. */
export function byWorkshopFile<Value>(
  dir: string,
  name: string,
  schema: z.ZodType<Value>,
): ByWorkshop<Value> {
  const path = join(dir, name);
  const fileSchema = z.object({
    version: z.literal(1),
    /** Most recently used first. */
    workshops: z.array(
      z.object({
        workshop: z.string().max(300),
        /** Of the profile; absent in files of older versions, and for a workshop given from outside. */
        id: z.string().max(100).optional(),
        value: z.unknown(),
      }),
    ),
  });
  let writing: Promise<unknown> = Promise.resolve();

  const read = async () => {
    try {
      return fileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).workshops;
    } catch {
      return [];
    }
  };
  return {
    async load({ id, address }) {
      await writing;
      const all = await read();
      // A profile that was forgotten and entered again finds what was kept by its address.
      const kept =
        all.find((one) => id !== null && one.id === id) ?? all.find((one) => one.workshop === address);
      const value = kept && schema.safeParse(kept.value);
      return value?.success ? value.data : undefined;
    },
    save({ id, address }, value) {
      const written = writing.then(async () => {
        const others = (await read()).filter((one) =>
          one.id === undefined ? one.workshop !== address : one.id !== id,
        );
        const own = { workshop: address, ...(id !== null && { id }), value };
        const workshops = [own, ...others].slice(0, WORKSHOPS_MAX);
        await writeWhole(path, `${JSON.stringify({ version: 1, workshops }, null, 2)}\n`);
      });
      writing = written.catch(() => {});
      return written;
    },
  };
}
