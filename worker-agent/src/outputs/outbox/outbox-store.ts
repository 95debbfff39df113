import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
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
import { z } from 'zod';

const fileSchema = z.object({
  /** Name of the staged bytes inside the entry's folder; gone once delivered. */
  data: z.string().regex(/^\d{1,6}$/),
  size: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Planned place below the root of all outputs. */
  subfolder: z.string(),
  filename: z.string(),
  state: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('waiting') }),
    /** About to get this name on the VPS: after a crash it may have it. */
    z.object({ kind: z.literal('placing'), filename: z.string() }),
    z.object({ kind: z.literal('delivered'), filename: z.string() }),
  ]),
});
export type OutboxFile = z.infer<typeof fileSchema>;

const entrySchema = z.object({
  version: z.literal(1),
  jobId: z.string(),
  userId: z.string(),
  /** Epoch ms of this machine; for order and for people. */
  createdAt: z.number(),
  /** The job is over and its files are still owed. Before that a restarted agent delivers the job anew. */
  owed: z.boolean(),
  files: z.array(fileSchema),
});
export type OutboxEntry = z.infer<typeof entrySchema>;

/** Jobs' files on the disk of this machine, one folder a job, that wait for the VPS. They outlive the agent. */
export interface OutboxStore {
  readonly folder: string;
  /** A new folder to stage files in; it counts only once `save` has been called. */
  reserve(): string;
  pathOf(id: string, data: string): string;
  /** Writes the entry so that it survives a power cut. */
  save(id: string, entry: OutboxEntry): void;
  /** All entries, oldest first. What was never saved is removed; what cannot be read is set aside, never lost. */
  load(): { id: string; entry: OutboxEntry }[];
  removeData(id: string, data: string): void;
  remove(id: string): void;
}

const MANIFEST = 'entry.json';
const SET_ASIDE = '.unreadable';

export function openOutboxStore(folder: string): OutboxStore {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const store: OutboxStore = {
    folder,
    reserve() {
      const id = randomBytes(9).toString('hex');
      mkdirSync(join(folder, id), { mode: 0o750 });
      return id;
    },
    pathOf: (id, data) => join(folder, id, data),
    save(id, entry) {
      const path = join(folder, id, MANIFEST);
      const file = openSync(`${path}.tmp`, 'w', 0o640);
      try {
        writeSync(file, JSON.stringify(entry));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${path}.tmp`, path);
      syncFolder(join(folder, id));
      syncFolder(folder);
    },
    load() {
      const found: { id: string; entry: OutboxEntry }[] = [];
      for (const { name: id } of readdirSync(folder, { withFileTypes: true }).filter((it) =>
        it.isDirectory(),
      )) {
        const read = readEntry(join(folder, id, MANIFEST));
        if (read.kind === 'entry') found.push({ id, entry: read.entry });
        // Staging was broken off: the job is not over and will be delivered anew.
        else if (read.kind === 'none') store.remove(id);
        else if (!id.endsWith(SET_ASIDE)) renameSync(join(folder, id), join(folder, id + SET_ASIDE));
      }
      return found.sort((a, b) => a.entry.createdAt - b.entry.createdAt);
    },
    removeData: (id, data) => rmSync(join(folder, id, data), { force: true }),
    remove: (id) => rmSync(join(folder, id), { recursive: true, force: true }),
  };
  return store;
}

type ReadEntry = { kind: 'entry'; entry: OutboxEntry } | { kind: 'none' } | { kind: 'unreadable' };

function readEntry(path: string): ReadEntry {
  if (!existsSync(path)) return { kind: 'none' };
  try {
    return { kind: 'entry', entry: entrySchema.parse(JSON.parse(readFileSync(path, 'utf8'))) };
  } catch {
    return { kind: 'unreadable' };
  }
}

function syncFolder(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
