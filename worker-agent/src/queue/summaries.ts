import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type JobStatus, jobStatusSchema, prioritySchema } from '../contract/job.ts';
import { fetchJob } from './job-store.ts';
import { runForWord, unexpected } from './script-runner.ts';

/** What a list shows of one job; never its workflow. Dates are as the platform wrote them (contract 1.2). */
export interface JobDigest {
  id: string;
  userId: string;
  status: JobStatus | 'unreadable';
  priority: number | null;
  createdAt: string | number | null;
  startedAt: string | number | null;
  completedAt: string | number | null;
  workerId: string | null;
  /** First 500 characters. */
  error: string | null;
  /** When it kept its worker busy, as our agent wrote it into the result; null where it did not. */
  computed: { from: string | number; until: string | number } | null;
  sizeBytes: number;
  /** Distinct node types, at most 24; empty when traits were not asked for. */
  classTypes: string[];
  /** Strings that look like model files, at most 6; empty when traits were not asked for. */
  models: string[];
  /** What decides how much there is to compute, each as "width=1024", at most 24; empty when traits were not asked for. */
  sizes: string[];
}

/** Ids for each call, so that a long list never holds up Redis for long. */
const CHUNK = 8;
/** A text in a foreign layout is fetched whole to be read; a larger one counts as unreadable. */
const WHOLE_TEXT_LIMIT = 512 * 1024;

// cjson prints an empty list as {}.
const names = z.union([z.array(z.string()), z.record(z.string(), z.never()).transform((): string[] => [])]);
const text = z.string().nullable().catch(null);
const date = z.union([z.string(), z.number()]).nullable().catch(null);
const recordSchema = z
  .tuple([
    z.enum(['job', 'unsure', 'unreadable']),
    z.number(),
    text,
    z.unknown(),
    z.unknown(),
    date,
    date,
    date,
    text,
    text,
    date,
    date,
    z.number().nullable(),
  ])
  .nullable();
const replySchema = z.object({
  traits: z.array(z.tuple([names, names, names])),
  jobs: z.array(recordSchema),
});

/** Of a result, whatever else it holds. */
const computedSchema = z
  .object({ computed_from: z.string().max(40), computed_until: z.string().max(40) })
  .transform((result) => ({ from: result.computed_from, until: result.computed_until }))
  .nullable()
  .catch(null);

export interface SummaryOptions {
  /** Also look for node types and model files; they never change, so ask once for each job. Default true. */
  traits?: boolean;
}

/**
 * Digests of jobs, without moving their workflows.
 * @returns one per id in order; undefined for a job that does not exist.
 */
export async function readSummaries(
  redis: Redis,
  jobIds: readonly string[],
  { traits = true }: SummaryOptions = {},
): Promise<(JobDigest | undefined)[]> {
  const chunks: Promise<(JobDigest | undefined)[]>[] = [];
  for (let at = 0; at < jobIds.length; at += CHUNK)
    chunks.push(readChunk(redis, jobIds.slice(at, at + CHUNK), traits));
  return (await Promise.all(chunks)).flat();
}

async function readChunk(redis: Redis, ids: readonly string[], traits: boolean) {
  const reply = replySchema.safeParse(
    parseJson(await runForWord(redis, 'summaries', [traits ? 1 : 0, ...ids])),
  );
  if (!reply.success || reply.data.jobs.length !== ids.length) throw unexpected('summaries');
  const { jobs, traits: found } = reply.data;
  return Promise.all(
    ids.map((id, index) => {
      const record = jobs[index];
      return record ? toDigest(redis, id, record, found) : undefined;
    }),
  );
}

type SummaryRecord = NonNullable<z.infer<typeof recordSchema>>;

async function toDigest(
  redis: Redis,
  id: string,
  record: SummaryRecord,
  traits: readonly [string[], string[], string[]][],
): Promise<JobDigest> {
  const [
    kind,
    sizeBytes,
    user,
    status,
    priority,
    created,
    started,
    completed,
    worker,
    error,
    from,
    until,
    index,
  ] = record;
  const [classTypes, models, sizes] = (index === null ? undefined : traits[index]) ?? [[], [], []];
  const base = { id, userId: user ?? '', sizeBytes, classTypes, models, sizes };
  const readStatus = jobStatusSchema.default('pending').safeParse(status ?? undefined);
  const readPriority = prioritySchema.default(2).safeParse(priority ?? undefined);
  if (kind === 'job' && readStatus.success && readPriority.success)
    return {
      ...base,
      ...{ status: readStatus.data, priority: readPriority.data, workerId: worker },
      ...{ createdAt: created, startedAt: started, completedAt: completed, error: shorten(error) },
      computed: from === null || until === null ? null : { from, until },
    };
  if (kind === 'unsure' && sizeBytes <= WHOLE_TEXT_LIMIT) {
    const stored = await fetchJob(redis, id);
    if (stored.kind === 'readable') {
      const { fields } = stored.job;
      return {
        ...{ ...base, userId: fields.user_id, status: fields.status, priority: fields.priority },
        ...{ createdAt: fields.created_at, startedAt: fields.started_at ?? null },
        ...{ completedAt: fields.completed_at ?? null, workerId: fields.worker_id ?? null },
        error: shorten(fields.error ?? null),
        computed: computedSchema.parse(fields.result),
      };
    }
  }
  const unknown = {
    priority: null,
    computed: null,
    createdAt: null,
    startedAt: null,
    completedAt: null,
    workerId: null,
  };
  return { ...base, ...unknown, status: 'unreadable', error: null };
}

/** 500 characters; the script already cut at a byte, which may have split the last one. */
function shorten(error: string | null): string | null {
  return error === null ? null : error.slice(0, 500).toWellFormed();
}

function parseJson(raw: string): unknown {
  try {
    const value: unknown = JSON.parse(raw);
    return value;
  } catch {
    throw unexpected('summaries');
  }
}
