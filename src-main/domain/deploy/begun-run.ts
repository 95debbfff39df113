import { z } from 'zod';
import { SKIPPABLE_STEPS } from './skippable-steps.ts';

/** A run that has begun and was not seen to end: it stands on the console's disk for as long. */
export const begunRunSchema = z.object({
  act: z.enum(['deploy', 'rollback', 'uninstall']),
  skip: z.array(z.enum(SKIPPABLE_STEPS)),
  /** Local epoch ms. */
  since: z.number(),
  wantsPassword: z.boolean(),
  /** Title of the step that it was at; null before the first. */
  step: z.string().max(200).nullable(),
});
export type BegunRun = z.infer<typeof begunRunSchema>;
