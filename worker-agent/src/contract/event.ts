import { z } from 'zod';

/** Acts that people may want to read back. One entry of the bounded stream `agent:events`. */
export const eventKindSchema = z.enum([
  'agent-started',
  'agent-stopped',
  'desired-changed',
  'control-changed',
  'host-act',
  'worker-started',
  'worker-failed',
  'worker-drained',
  'worker-stopped',
  'job-claimed',
  'job-adopted',
  'job-completed',
  'job-failed',
  'job-cancelled',
  'job-requeued',
  'job-parked',
  'job-rescued',
  'job-reported',
  'job-passed-over',
  'gpu-reserved',
  'lease-lost',
]);
export type EventKind = z.infer<typeof eventKindSchema>;

export const agentEventSchema = z.object({
  protocol: z.number().int(),
  /** Redis time, epoch ms. */
  at: z.number(),
  kind: eventKindSchema,
  /** Host id of the agent, or name of the console, that did it. */
  by: z.string(),
  jobId: z.string().nullable(),
  userId: z.string().nullable(),
  workerId: z.string().nullable(),
  /** One sentence for people. */
  message: z.string().max(2000),
});
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** Entries kept in `agent:events` (approximate trimming). */
export const EVENTS_KEPT = 2000;
