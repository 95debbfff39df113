import { z } from 'zod';

const range = z.tuple([z.number().nonnegative(), z.number().nonnegative()]);

/**
 * `resources/catalogue/models.json`: what the platform's GPU deployment guide says of models, workshops and cards.
 * All of it is believed only until this workshop has shown better, and is shown as a guess.
 */
export const catalogueSchema = z.object({
  version: z.literal(1),
  source: z.string(),
  models: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      media: z.enum(['video', 'image', 'upscale']),
      vramGB: z.number().positive(),
      /** Seconds for one picture or clip, where the guide says so. */
      seconds: range.nullable(),
      /** What the name of a kind of workflow holds when it uses this model (contract/workflow-kind.ts). */
      kind: z.string().min(1),
    }),
  ),
  presets: z.array(
    z.object({
      id: z.enum(['video', 'image']),
      name: z.string(),
      workers: z.number().int().positive(),
      guardGB: z.number().positive(),
      models: z.array(z.string()).min(1),
      peakWaitMin: range,
      note: z.string(),
    }),
  ),
  scaling: z.array(
    z.object({ users: range, workers: z.number().int().positive(), scenario: z.string(), waitMin: range }),
  ),
  /** How many workers a card carries, by its memory, smallest first. */
  cards: z.array(z.object({ name: z.string(), memoryGB: z.number(), workers: z.number().int() })),
});
export type Catalogue = z.infer<typeof catalogueSchema>;
export type CatalogueModel = Catalogue['models'][number];

/** The model whose family a kind's name holds; the most specific name wins. */
export function modelOfKind({ models }: Catalogue, kind: string): CatalogueModel | undefined {
  const name = kind.toLowerCase();
  return models
    .filter((model) => name.includes(model.kind))
    .sort((a, b) => b.kind.length - a.kind.length || b.vramGB - a.vramGB)[0];
}

/** How many workers the guide gives a workshop of so many people; the last row holds beyond its end. */
export function workersForUsers(
  { scaling }: Catalogue,
  users: number,
): Catalogue['scaling'][number] | undefined {
  return scaling.find((row) => users <= row.users[1]) ?? scaling.at(-1);
}

/** How many workers the guide gives a card; undefined for one smaller than all it names. */
export function workersForCard({ cards }: Catalogue, totalMiB: number): number | undefined {
  const gb = totalMiB / 1024;
  // Drivers report a little less than the name says.
  return cards.filter(({ memoryGB }) => gb >= memoryGB * 0.95).sort((a, b) => b.memoryGB - a.memoryGB)[0]
    ?.workers;
}
