import { z } from 'zod';

/** What the GPU hosts cost. Times are local epoch ms. */
export const rentalSchema = z.object({
  /** For all GPU hosts together. */
  pricePerHour: z.number().nonnegative().max(100_000),
  /** As it is written before or after an amount, e.g. "€". */
  currency: z.string().trim().min(1).max(8),
  startedAt: z.number(),
  /** null = open end. */
  endsAt: z.number().nullable(),
});
export type Rental = z.infer<typeof rentalSchema>;

/** What the host entered for capacity and cost of one workshop. Times are local epoch ms. */
export const capacitySettingsSchema = z.object({
  preset: z.enum(['video', 'image']).nullable(),
  /** VRAM above which the host wants to be warned, MiB; null = as the agent has it. */
  guardMiB: z.number().positive().max(10_000_000).nullable(),
  /** People who take part; null = not said. */
  users: z.number().int().min(1).max(1000).nullable(),
  rental: rentalSchema.nullable(),
});
export type CapacitySettings = z.infer<typeof capacitySettingsSchema>;

export const freshCapacitySettings = (): CapacitySettings => ({
  preset: null,
  guardMiB: null,
  users: null,
  rental: null,
});
