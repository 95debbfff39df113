import { z } from 'zod';
import { workerIdSchema } from './host.ts';

/**
 * `agent:host:{id}:desired`: what the host (the person) wants of one GPU host. Console writes by compare-and-set on
 * the revision, the agent converges on it, also after its own restart.
 */
export const desiredStateSchema = z.object({
  protocol: z.number().int(),
  revision: z.number().int().positive(),
  /** Redis time, epoch ms, and the name of the console that wrote it. */
  at: z.number(),
  by: z.string().max(200),
  workers: z.number().int().min(0).max(64),
  /** Workers that finish their job and then take no more. */
  drained: z.array(workerIdSchema).max(64),
});
export type DesiredState = z.infer<typeof desiredStateSchema>;

export const queueModeSchema = z.enum(['fifo', 'priority', 'round_robin', 'fair']);
export type QueueMode = z.infer<typeof queueModeSchema>;

/** `agent:control`: what holds for the whole queue, on every host. Read by the claim script itself. */
export const queueControlSchema = z.object({
  protocol: z.number().int(),
  revision: z.number().int().positive(),
  at: z.number(),
  by: z.string().max(200),
  /** While held, no agent claims; running jobs go on. */
  held: z.boolean(),
  /** Overrides the agents' QUEUE_MODE; null leaves each agent's own. */
  mode: queueModeSchema.nullable(),
  /** Users whose waiting jobs are passed over. */
  heldUsers: z.array(z.string().max(100)).max(1000),
  /** User whose next waiting job goes first, once; cleared by the claim that serves it. */
  nextTurn: z.string().max(100).nullable(),
});
export type QueueControl = z.infer<typeof queueControlSchema>;
