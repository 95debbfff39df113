import { z } from 'zod';
import { hostIdSchema } from '../../../worker-agent/src/contract/host.ts';

/** What a GPU host costs. Times are local epoch ms. */
export const rentalSchema = z.object({
  pricePerHour: z.number().nonnegative().max(100_000),
  /** As it is written before or after an amount, e.g. "€". */
  currency: z.string().trim().min(1).max(8),
  startedAt: z.number(),
  /** null = open end. */
  endsAt: z.number().nullable(),
});
export type Rental = z.infer<typeof rentalSchema>;

/** What one GPU host costs; `hostId` null while no host is known that it could be. */
export interface HostRental {
  hostId: string | null;
  rental: Rental;
}

/** GPU hosts that a workshop may say something of, whether or not they are there. */
const HOSTS_MOST = 100;
/** What is said of single GPU hosts, by host id; absent from what earlier versions wrote. */
const byHost = <Value extends z.ZodType>(value: Value) =>
  z
    .record(hostIdSchema, value)
    .refine((all) => Object.keys(all).length <= HOSTS_MOST, `at most ${HOSTS_MOST} GPU hosts`)
    .default({});
const guardSchema = z.number().positive().max(10_000_000);

/** What the host entered for capacity and cost of one workshop. Times are local epoch ms. */
export const capacitySettingsSchema = z.object({
  preset: z.enum(['video', 'image']).nullable(),
  /** VRAM above which the host wants to be warned, MiB; null = as the agent has it. For every host without its own. */
  guardMiB: guardSchema.nullable(),
  /** A host's own guard, MiB. */
  guards: byHost(guardSchema),
  /** People who take part; null = not said. */
  users: z.number().int().min(1).max(1000).nullable(),
  /** Entered before any host was known, or by an earlier version for all hosts together; see `rentalsOf`. */
  rental: rentalSchema.nullable(),
  /** By host. */
  rentals: byHost(rentalSchema),
});
export type CapacitySettings = z.infer<typeof capacitySettingsSchema>;

export const freshCapacitySettings = (): CapacitySettings => ({
  preset: null,
  guardMiB: null,
  guards: {},
  users: null,
  rental: null,
  rentals: {},
});
