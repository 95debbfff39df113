import { z } from 'zod';
import { workerIdSchema } from './host.ts';

/** One-off verbs for one host's agent, as entries of its command stream. */
export const verbSchema = z.discriminatedUnion('verb', [
  /** Interrupts nothing: the worker drains, its ComfyUI server is restarted, it takes jobs again. */
  z.object({ verb: z.literal('restart-worker'), workerId: workerIdSchema }),
  /** Unloads models (ComfyUI POST /free) as soon as the worker is idle. */
  z.object({ verb: z.literal('free-vram'), workerId: workerIdSchema }),
  z.object({ verb: z.literal('ping') }),
]);
export type Verb = z.infer<typeof verbSchema>;

export const commandSchema = z.object({
  protocol: z.number().int(),
  id: z.string().regex(/^[a-zA-Z0-9-]{1,64}$/),
  by: z.string().max(200),
  /** Redis time, epoch ms, after which the agent must refuse it: a stale click never fires later. */
  expiresAt: z.number(),
  request: verbSchema,
});
export type Command = z.infer<typeof commandSchema>;

/** Stored under `agent:reply:{id}` for five minutes. */
export const replySchema = z.object({
  protocol: z.number().int(),
  commandId: z.string(),
  at: z.number(),
  outcome: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('done'), message: z.string() }),
    z.object({ kind: z.literal('refused'), code: z.string(), message: z.string() }),
  ]),
});
export type Reply = z.infer<typeof replySchema>;
