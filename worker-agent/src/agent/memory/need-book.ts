import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { toWorkshopError } from '../../contract/errors.ts';
import { type LearnedNeed, NEEDS_TOLD } from '../../contract/host.ts';
import { MARGIN_MIB } from './fit.ts';
import type { Observed } from './observation.ts';

const mib = z.number().nonnegative();
const observationSchema = z.object({
  workerId: z.string(),
  peakMiB: mib,
  cacheMiB: mib,
  exact: z.boolean(),
});
const entrySchema = z.object({
  /** Signature of the kind of workflow (contract/workflow-signature.ts). */
  signature: z.string().max(64),
  /** Card it ran on: UUID, MIG id, or what else tells cards apart on this host. */
  card: z.string().max(200),
  /** A few words for people who open the file. */
  kind: z.string().max(200),
  /** Newest last. */
  observed: z.array(observationSchema).max(64),
  /** Room with which it ran out of memory, until it ran through with as little. */
  tooLittleMiB: mib.nullable(),
});
type Entry = z.infer<typeof entrySchema>;
const fileSchema = z.object({ version: z.literal(1), entries: z.array(z.unknown()) });

/** Which kind of job on which card. */
export interface NeedKey {
  signature: string;
  card: string;
  kind: string;
}

/** What kinds of jobs were seen to need, kept on disk. */
export interface NeedBook {
  /** VRAM in MiB that this kind needs; null when it never ran through here. Another card's figure stands in. */
  need(signature: string, card: string): number | null;
  /** A job ran through. @param roomMiB what it had to itself; null = unknown. */
  record(key: NeedKey, workerId: string, observed: Observed, roomMiB: number | null): void;
  /** It ran out of memory although it had this much. */
  recordTooLittle(key: NeedKey, roomMiB: number): void;
  /** What the kinds seen last need at most, in a few lines for people; the one seen last first. */
  learned(): LearnedNeed[];
  /** Writes what is not on disk yet. */
  flush(): void;
}

/** Kinds and cards remembered; the least recently seen go first. */
const KEPT = 500;
/** Observations kept of each: need is the highest among them, so one that grew or shrank is noticed in time. */
const OBSERVED_KEPT = 8;
const WRITE_AFTER_MS = 500;

/** Opens the book in one file. A file that cannot be read is set aside: jobs then run as if never seen. */
export function openNeedBook(path: string, log: Pick<Logger, 'warn'>): NeedBook {
  const entries = new Map<string, Entry>();
  for (const entry of readEntries(path, log)) entries.set(idOf(entry), entry);
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = undefined;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
      // A reader sees the old file or the new one, whatever happens meanwhile.
      writeFileSync(`${path}.tmp`, JSON.stringify({ version: 1, entries: [...entries.values()] }));
      renameSync(`${path}.tmp`, path);
    } catch (cause) {
      log.warn({ path, reason: toWorkshopError(cause).message }, 'learned memory needs cannot be kept');
    }
  };
  const edit = (key: NeedKey, change: (entry: Entry) => Entry) => {
    const id = idOf(key);
    const { signature, card } = key;
    const kind = key.kind.slice(0, 200);
    const before = entries.get(id) ?? { signature, card, kind, observed: [], tooLittleMiB: null };
    entries.delete(id);
    entries.set(id, change(before));
    for (const oldest of entries.keys()) {
      if (entries.size <= KEPT) break;
      entries.delete(oldest);
    }
    timer ??= setTimeout(flush, WRITE_AFTER_MS).unref();
  };

  return {
    need(signature, card) {
      const here = entries.get(idOf({ signature, card }));
      const known = here && needOf(here);
      if (known != null) return known;
      let most: number | null = null;
      for (const entry of entries.values())
        if (entry.signature === signature) most = Math.max(most ?? 0, needOf(entry) ?? 0);
      return most === 0 ? null : most;
    },
    record(key, workerId, seen, roomMiB) {
      edit(key, (entry) => {
        const { tooLittleMiB } = entry;
        const enough = tooLittleMiB !== null && disproves(tooLittleMiB, seen, roomMiB);
        return {
          ...entry,
          observed: [...entry.observed, { workerId, ...roundedUp(seen) }].slice(-OBSERVED_KEPT),
          tooLittleMiB: enough ? null : tooLittleMiB,
        };
      });
    },
    recordTooLittle(key, roomMiB) {
      edit(key, (entry) => ({ ...entry, tooLittleMiB: Math.ceil(Math.max(0, roomMiB)) }));
    },
    learned() {
      const byKind = new Map<string, LearnedNeed>();
      for (const entry of [...entries.values()].reverse()) {
        const needMiB = needOf(entry);
        if (needMiB === null) continue;
        const known = byKind.get(entry.kind);
        if (!known && byKind.size >= NEEDS_TOLD) continue;
        byKind.set(entry.kind, {
          kind: entry.kind,
          needMiB: Math.max(0, needMiB, known?.needMiB ?? 0),
          runs: entry.observed.length + (known?.runs ?? 0),
        });
      }
      return [...byKind.values()];
    },
    flush,
  };
}

/** Lower bounds count only as long as nothing exact is known. */
function needOf({ observed, tooLittleMiB }: Entry): number | null {
  const exact = observed.filter((one) => one.exact);
  const known = (exact.length > 0 ? exact : observed).map((one) => one.peakMiB - one.cacheMiB);
  if (tooLittleMiB !== null) known.push(tooLittleMiB + MARGIN_MIB);
  return known.length === 0 ? null : Math.max(...known);
}

/** A lack of memory that a later run shows to have been an accident (fragmentation, a neighbour that grew). */
function disproves(tooLittleMiB: number, seen: Observed, roomMiB: number | null): boolean {
  if (roomMiB !== null && roomMiB <= tooLittleMiB + MARGIN_MIB) return true;
  return seen.exact && seen.peakMiB - seen.cacheMiB + MARGIN_MIB <= tooLittleMiB;
}

function roundedUp(seen: Observed): Observed {
  return { ...seen, peakMiB: Math.ceil(seen.peakMiB), cacheMiB: Math.floor(seen.cacheMiB) };
}

function idOf({ signature, card }: Pick<Entry, 'signature' | 'card'>): string {
  return `${signature}/${card}`;
}

function readEntries(path: string, log: Pick<Logger, 'warn'>): Entry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  try {
    const { entries } = fileSchema.parse(JSON.parse(text));
    const usable = entries.flatMap((entry) => entrySchema.safeParse(entry).data ?? []);
    if (usable.length < entries.length)
      log.warn({ path, lost: entries.length - usable.length }, 'some learned memory needs are unreadable');
    return usable.slice(-KEPT);
  } catch (cause) {
    log.warn(
      { path, reason: toWorkshopError(cause).message },
      'learned memory needs are unreadable and set aside',
    );
    try {
      renameSync(path, `${path}.unreadable`);
    } catch {
      // It is overwritten then.
    }
    return [];
  }
}
