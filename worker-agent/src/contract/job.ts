import { z } from 'zod';

/** Contract 1.2; any other value makes the job invisible to the platform. */
export const jobStatusSchema = z.enum(['pending', 'running', 'completed', 'failed', 'cancelled']);
export type JobStatus = z.infer<typeof jobStatusSchema>;

/** 0 instructor, 1 high, 2 normal, 3 low (contract 1.2). `"2"` and `2.0` are accepted as the platform accepts them. */
export const prioritySchema = z.preprocess(
  (value) => (typeof value === 'string' && /^[0-3]$/.test(value) ? Number(value) : value),
  z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
);
export type Priority = 0 | 1 | 2 | 3;

/** The platform enforces this at submit only (contract 1.2); ids that break it are refused by us. */
export const userIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,100}$/, 'user_id must be 1 to 100 letters, digits, _ or -');

/** Job ids are uuid4 on the platform; anything that is safe in a key and a file name is accepted. */
export const jobIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_.-]{1,100}$/, 'id must be 1 to 100 letters, digits, . _ or -');

const epochMs = (value: number) => (Math.abs(value) < 2e10 ? value * 1000 : value);

/** Epoch milliseconds out of any datetime that the platform accepts (contract 1.2), or null. */
export function parsePlatformDate(value: unknown): number | null {
  if (typeof value === 'number' && Number.isFinite(value)) return epochMs(value);
  if (typeof value !== 'string') return null;
  const text = value
    .trim()
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+/, '$1');
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? text : `${text}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * Formats a moment as pydantic does (contract 1.2): `Z` suffix, six fraction digits, none at all when zero.
 * @param epochMicros microseconds since 1970, from Redis TIME.
 */
export function formatPlatformDate(epochMicros: number): string {
  const seconds = Math.floor(epochMicros / 1e6);
  const micros = Math.round(epochMicros - seconds * 1e6);
  const base = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micros === 0 ? `${base}Z` : `${base}.${String(micros).padStart(6, '0')}Z`;
}

/** Formats a moment as Python's isoformat does for heartbeats and envelopes (contract 1.2): `+00:00`. */
export function formatPythonIso(epochMicros: number): string {
  return formatPlatformDate(epochMicros).replace('Z', '+00:00');
}

/** A job's fields without its workflow, which is only ever handled as raw bytes (see job-text.ts). */
export const jobFieldsSchema = z.object({
  id: jobIdSchema,
  user_id: userIdSchema,
  status: jobStatusSchema.default('pending'),
  priority: prioritySchema.default(2),
  created_at: z.union([z.string(), z.number()]),
  started_at: z.union([z.string(), z.number()]).nullish(),
  completed_at: z.union([z.string(), z.number()]).nullish(),
  worker_id: z.string().nullish(),
  result: z.record(z.string(), z.unknown()).nullish(),
  error: z.string().nullish(),
  metadata: z.record(z.string(), z.unknown()).default({}),
});
export type JobFields = z.infer<typeof jobFieldsSchema>;

/** Longest error text the platform's own REST accepts (contract 1.3). */
export const MAX_ERROR_LENGTH = 10_000;
