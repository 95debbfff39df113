import { z } from 'zod';

const range = z.object({ low: z.number(), p50: z.number(), p90: z.number() });

/**
 * What the estimates learned that Redis does not tell again after a restart of the console. `at` is local epoch ms,
 * lengths are ms.
 */
export const lessonSchema = z.discriminatedUnion('kind', [
  /** A promise that came due when its job started. */
  z.object({
    kind: z.literal('promise'),
    at: z.number(),
    jobId: z.string().max(200),
    /** As the simulation alone had it. */
    simulated: range,
    waitedMs: z.number(),
    /** How far off the middle was that was told; null for what was told as a guess. */
    errorMs: z.number().nullable(),
  }),
  /** A worker came up. */
  z.object({ kind: z.literal('worker-start'), at: z.number(), tookMs: z.number() }),
  /** A job in hand waited for GPU memory: its time on the worker says nothing about its run. */
  z.object({ kind: z.literal('memory-wait'), at: z.number(), jobId: z.string().max(200) }),
]);
export type Lesson = z.infer<typeof lessonSchema>;
