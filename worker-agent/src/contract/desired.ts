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

/** Most jobs of one person that a cap can allow at once. */
export const CAP_MAX = 64;
const cap = z.number().int().min(1).max(CAP_MAX);

/**
 * A number for each person. As `caps`: how many jobs of one person may run at once, on all hosts together. The claim
 * passes over the waiting jobs of who is at the cap. As `lineCaps`: how many waiting jobs of one person stand in line.
 * Further ones are passed over while anybody else waits; the first of them joins the end of the line when one of its
 * person's jobs starts. In both cases nothing is refused or removed: the surplus waits longer. Who shall run nothing at
 * all is held.
 */
export const capsSchema = z.object({
  /** For everybody without a cap of their own; null for none. */
  everybody: cap.nullable(),
  /** By user id; counts instead of everybody's. */
  users: z
    .record(z.string().max(100), cap)
    .refine((users) => Object.keys(users).length <= 1000, 'at most 1000 people have a cap of their own'),
});
export type Caps = z.infer<typeof capsSchema>;

/** The number that holds for this person; null for no limit. */
export function capOf(caps: Caps | null | undefined, userId: string): number | null {
  if (!caps) return null;
  return Object.hasOwn(caps.users, userId) ? (caps.users[userId] ?? null) : caps.everybody;
}

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
  /** Absent or null for none. Holds and caps come before a next turn, which waits until it may be served. */
  caps: capsSchema.nullish(),
  /**
   * Absent or null for none. In the modes that take turns only a person's first waiting job is ever taken, so there they
   * matter only where that one is passed over. A next turn is served from a person's first job, in line or not.
   */
  lineCaps: capsSchema.nullish(),
});
export type QueueControl = z.infer<typeof queueControlSchema>;
