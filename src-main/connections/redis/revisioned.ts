import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { writeIfRevision } from '../../../worker-agent/src/queue/revision.ts';
import { attempt } from './attempt.ts';
import { type Document, parseDocument } from './documents.ts';

/** Redis time, epoch ms. @throws WorkshopError when Redis cannot be used. */
export async function redisTime(client: () => Redis): Promise<number> {
  const [seconds, micros] = await attempt(async () => client().time());
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** Documents that are written by compare-and-set on their revision. Both @throw WorkshopError when Redis cannot be used. */
export function revisionedDocuments(client: () => Redis) {
  return {
    async read<Schema extends z.ZodType>(schema: Schema, key: string): Promise<z.infer<Schema> | null> {
      return known(parseDocument(schema, await attempt(async () => client().get(key)), 'console'));
    },

    // Sent again after a lost answer, the same document counts as written: the script compares the text.
    async write<Schema extends z.ZodType>(schema: Schema, key: string, next: { revision: number }) {
      const expected = next.revision === 1 ? null : next.revision - 1;
      const outcome = await attempt(async () => writeIfRevision(client(), key, expected, next));
      if (outcome.kind === 'written') return { kind: 'written' as const, revision: next.revision };
      const present = parseDocument(schema, outcome.present, 'console');
      if (present.kind === 'unreadable')
        throw new WorkshopError(
          'REDIS_PROTOCOL',
          `What stands in ${key} cannot be read (${present.reason}).`,
          { remedy: `Delete ${key} in Redis; nothing but what it holds is lost with it.` },
        );
      return { kind: 'conflict' as const, current: known(present) };
    },
  };
}

/** @throws WorkshopError PROTOCOL_MISMATCH for a document that another version wrote. */
function known<T>(document: Document<T>): T | null {
  if (document.kind === 'read') return document.value;
  if (document.kind === 'mismatch') throw new WorkshopError('PROTOCOL_MISMATCH', document.sentence);
  return null;
}
