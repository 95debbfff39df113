import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { boundsOf, dayOf, type LocalDay } from '../../domain/history/local-day.ts';
import { type HistoryRecord, historyRecordSchema, keyOf, timeOf } from '../../domain/history/record.ts';

export interface HistoryLimits {
  /** Largest segment of one day, bytes; samples are left out from three quarters of it on. */
  dayBytes: number;
  /** Most segments that are kept. */
  days: number;
  /** Most bytes of all segments together. */
  totalBytes: number;
}

const LIMITS: HistoryLimits = { dayBytes: 24 * 1024 * 1024, days: 60, totalBytes: 256 * 1024 * 1024 };

/** Part of a day that samples may fill: what happened is worth more than one figure more. */
const FOR_SAMPLES = 0.75;

/** State of a day's file as this process knows it. */
interface Segment {
  keys: Set<string>;
  bytes: number;
}

/**
 * Opens the history of the workshop behind this Redis address; `dir` is the console's own folder. It is a folder with a
 * file for each local day, to which lines of JSON are added and nothing else. A process killed while it writes leaves at
 * most one torn last line, which readers skip and the next line does not join. When the limits are reached the oldest
 * days go. `append` is not for use by several callers of one process at once.
 */
export function openHistoryLog(dir: string, workshop: string, limits: HistoryLimits = LIMITS) {
  const folder = join(dir, 'history', folderName(workshop));
  const segments = new Map<LocalDay, Segment>();
  const pathOf = (day: LocalDay) => join(folder, `${day}.jsonl`);

  const segmentOf = async (day: LocalDay): Promise<Segment> => {
    const known = segments.get(day);
    if (known) return known;
    const text = await textOf(pathOf(day));
    const keys = recordsIn(text).flatMap((record) => keyOf(record) ?? []);
    const segment = { keys: new Set(keys), bytes: Buffer.byteLength(text) };
    segments.set(day, segment);
    return segment;
  };

  /** @returns those for which there is no room. */
  const appendTo = async (day: LocalDay, records: readonly HistoryRecord[]): Promise<HistoryRecord[]> => {
    const segment = await segmentOf(day);
    const keys: string[] = [];
    const leftOut: HistoryRecord[] = [];
    let text = '';
    for (const record of records) {
      const key = keyOf(record);
      if (key !== null && (segment.keys.has(key) || keys.includes(key))) continue;
      const line = `${JSON.stringify(record)}\n`;
      const room = limits.dayBytes * (record.t === 'sample' ? FOR_SAMPLES : 1);
      if (segment.bytes + Buffer.byteLength(text) + Buffer.byteLength(line) > room) {
        leftOut.push(record);
        continue;
      }
      text += line;
      if (key !== null) keys.push(key);
    }
    if (text === '') return leftOut;
    const file = await open(pathOf(day), 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const block = (await endsTorn(file, size)) ? `\n${text}` : text;
      await file.writeFile(block);
      await file.datasync();
      segment.bytes = size + Buffer.byteLength(block);
    } finally {
      await file.close();
    }
    for (const key of keys) segment.keys.add(key);
    return leftOut;
  };

  /** Newest first. */
  const days = async (): Promise<{ day: LocalDay; bytes: number }[]> => {
    const names = await readdir(folder).catch(() => []);
    const found = names.flatMap((name) => {
      const day = name.replace(/\.jsonl$/, '');
      return name.endsWith('.jsonl') && boundsOf(day) ? [day] : [];
    });
    const sized = found.map(async (day) => ({ day, bytes: (await stat(pathOf(day))).size }));
    return (await Promise.all(sized)).sort((a, b) => (a.day < b.day ? 1 : -1));
  };

  const tidy = async () => {
    let total = 0;
    for (const [index, { day, bytes }] of (await days()).entries()) {
      total += bytes;
      if (index < limits.days && (total <= limits.totalBytes || index === 0)) continue;
      await rm(pathOf(day), { force: true });
      segments.delete(day);
    }
  };

  return {
    /**
     * Adds records to the days they are about, and waits until the disk has them. Those that stand there already, and
     * those too old to be kept, are passed over.
     * @returns those for which their day has no room any more.
     * @throws WorkshopError CONFIG when the disk does not take them; then some may have been written.
     */
    async append(records: readonly HistoryRecord[], now: number): Promise<HistoryRecord[]> {
      const today = boundsOf(dayOf(now))?.from ?? now;
      const oldest = dayOf(today - limits.days * 24 * 3_600_000);
      const byDay = Map.groupBy(records, (record) => dayOf(timeOf(record)));
      const leftOut: HistoryRecord[] = [];
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        let fresh = false;
        for (const [day, own] of byDay) {
          if (day <= oldest) continue;
          fresh ||= !segments.has(day);
          leftOut.push(...(await appendTo(day, own)));
        }
        if (fresh) await tidy();
        return leftOut;
      } catch (cause) {
        throw new WorkshopError('CONFIG', `The history in ${folder} cannot be written: ${reasonOf(cause)}.`, {
          remedy: 'Check the space on the disk and the rights on that folder; it goes on by itself.',
          cause,
        });
      }
    },
    /** What is kept of a day, in the order it was written; lines that cannot be understood are left out. */
    read: async (day: LocalDay): Promise<HistoryRecord[]> =>
      boundsOf(day) ? recordsIn(await textOf(pathOf(day))) : [],
    days,
  };
}

/** Readable where the address allows, and never two workshops in one folder. */
function folderName(workshop: string): string {
  const hash = createHash('sha256').update(workshop).digest('hex').slice(0, 12);
  return `${workshop.replace(/[^a-zA-Z0-9.-]+/g, '_').slice(0, 60)}-${hash}`;
}

/** Whether a writer, this one or another console on this machine, was stopped in the middle of a line. */
async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString('latin1') !== '\n';
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw cause;
  }
}

function recordsIn(text: string): HistoryRecord[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [historyRecordSchema.parse(JSON.parse(line))];
    } catch {
      // Torn by a crash, or of another version.
      return [];
    }
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'the disk refused it';
}
