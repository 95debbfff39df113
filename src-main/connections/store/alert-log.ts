import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AlertRecord } from '../../domain/alerts/alert.ts';
import { ruleIdSchema } from '../../domain/alerts/rules.ts';
import { writeWhole } from './keep-file.ts';

/** Lines kept after the file was made shorter, and how many make it be made shorter. */
const KEPT = 2000;
const TOO_MANY = 3000;

const lineSchema = z.object({
  workshop: z.string().max(300),
  at: z.number(),
  what: z.enum(['raised', 'resolved']),
  id: z.string().max(1000),
  rule: ruleIdSchema,
  severity: z.enum(['warn', 'fail']),
  text: z.string().max(2000),
  stoodMs: z.number().nullable(),
});

export interface AlertLog {
  /** Adds lines; what cannot be written is lost, since the host has enough to do then. */
  add(workshop: string, records: readonly AlertRecord[]): void;
  /** The newest first. */
  read(workshop: string, most: number): Promise<AlertRecord[]>;
  /** Resolves once everything added so far is on disk (or failed). */
  written(): Promise<void>;
}

/** What alerts there were, one JSON object a line in `alerts.jsonl`, bounded. Half a line (a crash) is skipped. */
export function alertLog(dir: string): AlertLog {
  const path = join(dir, 'alerts.jsonl');
  let doing: Promise<unknown> = Promise.resolve();
  /** Lines in the file; undefined before it was counted. */
  let lines: number | undefined;

  const readAll = async () => {
    try {
      return (await readFile(path, 'utf8')).split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  const add = async (texts: readonly string[]) => {
    lines ??= (await readAll()).length;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    // Begins on a line of its own, whatever a crash left behind.
    await appendFile(path, `\n${texts.join('\n')}\n`, { mode: 0o600 });
    lines += texts.length;
    if (lines <= TOO_MANY) return;
    const kept = (await readAll()).slice(-KEPT);
    await writeWhole(path, `${kept.join('\n')}\n`);
    lines = kept.length;
  };
  return {
    add(workshop, records) {
      if (records.length === 0) return;
      const texts = records.map((record) =>
        JSON.stringify({ ...record, workshop: workshop.slice(0, 300), text: record.text.slice(0, 2000) }),
      );
      doing = doing.then(() => add(texts)).catch(() => {});
    },
    async read(workshop, most) {
      await doing;
      const found: AlertRecord[] = [];
      for (const text of (await readAll()).reverse()) {
        if (found.length >= most) break;
        const line = lineSchema.safeParse(parsed(text));
        if (!line.success || line.data.workshop !== workshop) continue;
        const { workshop: _, ...record } = line.data;
        found.push(record);
      }
      return found;
    },
    async written() {
      await doing;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
