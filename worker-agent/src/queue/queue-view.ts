import type { Redis } from 'ioredis';
import { z } from 'zod';
import { runForList, unexpected } from './script-runner.ts';

/** An id in a queue and its score there. */
export interface QueuePlace {
  id: string;
  score: number;
}

/** The queues at one moment. */
export interface QueueView {
  counts: {
    pending: number;
    running: number;
    completed: number;
    failed: number;
    cancelled: number;
    deadLetter: number;
  };
  /** In the order of their scores, from `pendingFrom` on. */
  pending: QueuePlace[];
  /** `status` null when it was not told cheaply; `cancelled` shows here before the job leaves the queue. */
  running: (QueuePlace & { status: string | null })[];
  /** Latest first. */
  completed: QueuePlace[];
  failed: QueuePlace[];
  cancelled: QueuePlace[];
  /** `at` is Redis time, epoch ms. */
  deadLetter: { id: string; reason: string; at: number | null }[];
}

export type QueueReading =
  /** Nothing that the digest covers has changed. */
  | { kind: 'same'; redisNow: number; digest: string }
  | { kind: 'view'; redisNow: number; digest: string; view: QueueView };

export interface QueueViewOptions {
  /** Digest of the last reading; with the same options, an unchanged queue then answers in about a hundred bytes. */
  digest?: string | undefined;
  /** First waiting place listed, 0-based. Default 0. */
  pendingFrom?: number;
  /** Waiting ids listed. Default 1000. */
  pendingCount?: number;
  /** Running ids listed. Default 500. */
  runningCount?: number;
  /** Last ended ids listed, of completed, failed and cancelled each. Default 200. */
  endedCount?: number;
}

// cjson prints an empty list as {}; the script prints [] itself.
const strings = z.array(z.string());
const viewSchema = z.object({
  counts: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]),
  pending: strings,
  running: strings,
  completed: strings,
  failed: strings,
  cancelled: strings,
  dead: strings,
});
const deadLetterSchema = z.object({ reason: z.string(), at: z.number().nullable().default(null) });

/** Reads counts, ids and scores of every queue in one call. */
export async function readQueueView(redis: Redis, options: QueueViewOptions = {}): Promise<QueueReading> {
  const { digest: known = '', pendingFrom = 0, pendingCount = 1000 } = options;
  const { runningCount = 500, endedCount = 200 } = options;
  const [now, digest, json] = await runForList(redis, 'queueView', [
    ...[known, pendingFrom, pendingCount, runningCount, endedCount],
  ]);
  if (!now || !digest) throw unexpected('queueView');
  const head = { redisNow: Number(now.toString()), digest: digest.toString() };
  if (!json) return { kind: 'same', ...head };
  const parsed = viewSchema.safeParse(parseJson(json.toString()));
  if (!parsed.success) throw unexpected('queueView');
  const { counts, pending, running, completed, failed, cancelled, dead } = parsed.data;
  return {
    kind: 'view',
    ...head,
    view: {
      counts: {
        ...{ pending: counts[0], running: counts[1], completed: counts[2], failed: counts[3] },
        ...{ cancelled: counts[4], deadLetter: counts[5] },
      },
      pending: places(pending),
      running: rows(running, 3).map(([id = '', score, status]) => ({
        ...{ id, score: Number(score), status: status || null },
      })),
      completed: places(completed),
      failed: places(failed),
      cancelled: places(cancelled),
      deadLetter: rows(dead, 2).map(([id = '', entry = '']) => {
        const read = deadLetterSchema.safeParse(safeJson(entry));
        return { id, ...(read.success ? read.data : { reason: 'unknown', at: null }) };
      }),
    },
  };
}

function places(flat: readonly string[]): QueuePlace[] {
  return rows(flat, 2).map(([id = '', score]) => ({ id, score: Number(score) }));
}

function rows(flat: readonly string[], width: number): string[][] {
  const out: string[][] = [];
  for (let at = 0; at < flat.length; at += width) out.push(flat.slice(at, at + width));
  return out;
}

function parseJson(raw: string): unknown {
  const value = safeJson(raw);
  if (value === undefined) throw unexpected('queueView');
  return value;
}

function safeJson(raw: string): unknown {
  try {
    const value: unknown = JSON.parse(raw);
    return value;
  } catch {
    return undefined;
  }
}
