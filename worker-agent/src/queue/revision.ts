import type { Redis } from 'ioredis';
import { runForList } from './script-runner.ts';

/** Outcome of a compare-and-set on a document's revision. */
export type WriteOutcome =
  | { kind: 'written' }
  /** Somebody else wrote first; `present` is what stands there now, null when nothing does. */
  | { kind: 'conflict'; present: string | null };

/**
 * Writes a JSON document if the revision that stands in Redis is the one its writer saw.
 * @param expected null when the writer saw none yet. A document that cannot be read counts as none.
 * @param document carries its own new `revision`, normally expected + 1.
 */
export async function writeIfRevision<T extends { revision: number }>(
  redis: Redis,
  key: string,
  expected: number | null,
  document: T,
): Promise<WriteOutcome> {
  const [kind, present] = await runForList(redis, 'writeIfRevision', [
    ...[key, expected ?? '', JSON.stringify(document)],
  ]);
  if (kind?.toString() === 'ok') return { kind: 'written' };
  return { kind: 'conflict', present: present && present.length > 0 ? present.toString() : null };
}
