import { z } from 'zod';
import { agentEventSchema } from '../../../worker-agent/src/contract/event.ts';
import { rentalSchema } from '../capacity/capacity-settings.ts';
import { lessonSchema } from '../wait/lesson.ts';
import type { JobSummary, Sample } from '../workshop.ts';

/** Longest error text that is kept of a job. */
const ERROR_KEPT = 500;

const figure = z.number().nullable();
/** Local clock + this = Redis clock, ms, as it was measured when the record was made. */
const offset = z.number();

/** One line of the history on disk. Times of samples, rentals, reaches and estimates are local epoch ms, all others are Redis time. */
export const historyRecordSchema = z.discriminatedUnion('t', [
  z.object({
    t: z.literal('sample'),
    at: z.number(),
    pending: figure,
    running: figure,
    completedPerMinute: figure,
    vramMiB: z.record(z.string(), figure),
    utilization: z.record(z.string(), figure),
  }),
  z.object({ t: z.literal('event'), offset, event: agentEventSchema }),
  /** What the machines cost, as it stood at that moment. */
  z.object({
    t: z.literal('rental'),
    at: z.number(),
    rental: rentalSchema,
    /** Whose; null before a host was known, and absent from lines of earlier versions, for all hosts together. */
    hostId: z.string().nullable().optional(),
  }),
  /** All jobs that ended within this time are kept: they were still listed when a console began to watch. */
  z.object({ t: z.literal('reach'), from: z.number(), until: z.number() }),
  /** What the wait estimates learned. */
  z.object({ t: z.literal('estimate'), lesson: lessonSchema }),
  /** A job that has come to its end. */
  z.object({
    t: z.literal('job'),
    offset,
    id: z.string(),
    userId: z.string(),
    status: z.enum(['completed', 'failed', 'cancelled']),
    createdAt: figure,
    startedAt: figure,
    completedAt: z.number(),
    /** As in JobSummary; lines of earlier versions lack it. */
    computed: z.tuple([z.number(), z.number()]).optional(),
    workerId: z.string().nullable(),
    /** The GPU host of that worker; null where that was not known, and absent from lines of earlier versions. */
    hostId: z.string().nullable().optional(),
    kind: z.string(),
    error: z.string().max(ERROR_KEPT).nullable(),
  }),
]);
export type HistoryRecord = z.infer<typeof historyRecordSchema>;
export type EndedJob = Extract<HistoryRecord, { t: 'job' }>;

/** When a record is about, local epoch ms. */
export function timeOf(record: HistoryRecord): number {
  if (record.t === 'sample' || record.t === 'rental') return record.at;
  if (record.t === 'reach') return record.from;
  if (record.t === 'estimate') return record.lesson.at;
  return (record.t === 'event' ? record.event.at : record.completedAt) - record.offset;
}

/** Equal for records of one and the same thing, which is kept once; null for what stands alone. */
export function keyOf(record: HistoryRecord): string | null {
  if (record.t === 'sample' || record.t === 'rental' || record.t === 'reach') return null;
  if (record.t === 'estimate') {
    const { lesson } = record;
    return `estimate ${lesson.kind} ${lesson.at} ${lesson.kind === 'worker-start' ? lesson.tookMs : lesson.jobId}`;
  }
  if (record.t === 'job') return `job ${record.id} ${record.status} ${record.completedAt}`;
  const { at, kind, by, jobId, workerId, message } = record.event;
  return `event ${at} ${kind} ${by} ${jobId} ${workerId} ${message}`;
}

/** @returns undefined for a sample of which nothing was known: a gap needs no line. */
export function sampleRecord(sample: Sample): HistoryRecord | undefined {
  const figures = [sample.pending, sample.running, ...Object.values(sample.vramMiB)];
  return figures.every((value) => value === null) ? undefined : { t: 'sample', ...sample };
}

/** @returns undefined while the job has not come to an end. */
export function jobRecord(
  job: JobSummary,
  clockOffsetMs: number,
  hostId: string | null,
): EndedJob | undefined {
  const { status, completedAt, id, userId, createdAt, startedAt, workerId, kind } = job;
  if (completedAt === null || (status !== 'completed' && status !== 'failed' && status !== 'cancelled'))
    return undefined;
  const error = job.error?.slice(0, ERROR_KEPT) ?? null;
  return {
    ...{ t: 'job', offset: clockOffsetMs, id, userId, status, createdAt, startedAt, completedAt },
    ...{ workerId, hostId, kind, error, ...(job.computed && { computed: [...job.computed] }) },
  };
}
