import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { z } from 'zod';
import { toWorkshopError } from '../contract/errors.ts';
import { keys } from '../contract/keys.ts';
import type { Claim, JobConsumer, Settlement, SettleOutcome } from '../queue/roles.ts';

const spooledSchema = z.object({
  jobId: z.string(),
  token: z.string(),
  userId: z.string(),
  workerId: z.string(),
  attempt: z.number(),
  score: z.number(),
  claimedAt: z.number(),
  settlement: z.discriminatedUnion('status', [
    z.object({ status: z.literal('completed'), result: z.record(z.string(), z.unknown()) }),
    z.object({
      status: z.literal('failed'),
      error: z.string(),
      result: z.record(z.string(), z.unknown()).optional(),
    }),
    z.object({ status: z.literal('cancelled') }),
  ]),
});
export type Spooled = z.infer<typeof spooledSchema>;

/** Ends of jobs that could not be written to Redis yet; they outlive the agent. */
export interface Spool {
  /** Writes one to disk and returns when it is safe there. */
  put(claim: Claim, settlement: Settlement, who: { userId: string; workerId: string }): void;
  /**
   * Settles all that wait and tells how each ended. What can never be settled is set aside.
   * @throws WorkshopError when Redis goes away meanwhile; the rest waits for the next time.
   */
  flush(onSettled?: (spooled: Spooled, outcome: SettleOutcome) => void): Promise<void>;
  has(jobId: string): boolean;
  isEmpty(): boolean;
}

/** A spool in one folder, one file a job. */
export function openSpool(
  folder: string,
  redis: Pick<Redis, 'getBuffer'>,
  consumer: Pick<JobConsumer, 'settle'>,
  log: Logger,
): Spool {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const fileOf = (jobId: string) => join(folder, `${jobId.replaceAll('.', '_.')}.json`);
  const waiting = () => readdirSync(folder).filter((name) => name.endsWith('.json'));

  const read = (name: string): Spooled | undefined => {
    try {
      return spooledSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    } catch (cause) {
      log.error(
        { file: name, reason: toWorkshopError(cause).message },
        'a spooled result is unreadable and is set aside',
      );
      renameSync(join(folder, name), join(folder, `${name}.unreadable`));
      return undefined;
    }
  };

  const settle = async (spooled: Spooled): Promise<SettleOutcome> => {
    const text = await redis.getBuffer(keys.job(spooled.jobId));
    return text === null ? { kind: 'gone' } : consumer.settle({ ...spooled, text }, spooled.settlement);
  };

  return {
    put(claim, settlement, who) {
      const { jobId, token, attempt, score, claimedAt } = claim;
      writeDurably(
        fileOf(jobId),
        JSON.stringify({ jobId, token, attempt, score, claimedAt, settlement, ...who }),
      );
    },
    async flush(onSettled) {
      for (const name of waiting()) {
        const spooled = read(name);
        if (!spooled) continue;
        try {
          const outcome = await settle(spooled);
          rmSync(join(folder, name), { force: true });
          onSettled?.(spooled, outcome);
        } catch (cause) {
          const error = toWorkshopError(cause);
          if (error.code.startsWith('REDIS_')) throw error;
          log.error({ jobId: spooled.jobId, reason: error.message }, 'a spooled result cannot be settled');
          renameSync(join(folder, name), join(folder, `${name}.refused`));
        }
      }
    },
    isEmpty: () => waiting().length === 0,
    has: (jobId) => waiting().includes(`${jobId.replaceAll('.', '_.')}.json`),
  };
}

/** Appears under its name only when it is whole and on the disk. */
function writeDurably(path: string, text: string): void {
  const file = openSync(`${path}.tmp`, 'w', 0o640);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.tmp`, path);
  const folder = openSync(join(path, '..'), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
