import { z } from 'zod';

/** Longest text a filter takes from the page. */
const text = z.string().max(300);

/** A way to look at the jobs that a host comes back to: what is shown, and in which order. */
export const jobViewSchema = z.object({
  name: z.string().min(1).max(200),
  filter: z.object({
    status: z.enum(['pending', 'running', 'completed', 'failed', 'cancelled', 'unreadable']).nullable(),
    /** As typed. */
    search: text,
    kind: text.nullable(),
    user: text.nullable(),
    worker: text.nullable(),
    /** Why it failed. */
    cause: text.nullable(),
  }),
  sort: z.object({
    column: z.enum(['standing', 'user', 'kind', 'created', 'duration', 'worker', 'priority']),
    descending: z.boolean(),
  }),
});

export type JobView = z.infer<typeof jobViewSchema>;

/** The views that are kept on this computer. */
export interface JobViews {
  /** By name. */
  views: JobView[];
  /** What could not be read, and where it is now; null for nothing. */
  fault: string | null;
}
