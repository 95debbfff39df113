import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const recordSchema = z.object({
  pid: z.number().int().positive(),
  /** Start time in clock ticks since boot: tells the process from a later one with the same number. */
  startTicks: z.string(),
  port: z.number().int(),
  command: z.array(z.string()),
});
export type PidRecord = z.infer<typeof recordSchema>;

/** Where the note about a worker's process is. */
export function pidFilePath(stateDir: string, workerId: string): string {
  return join(stateDir, 'run', `${workerId}.json`);
}

/** The noted processes that live, whoever started them. */
export function leftProcesses(stateDir: string): (PidRecord & { workerId: string; path: string })[] {
  let names: string[];
  try {
    names = readdirSync(join(stateDir, 'run'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const workerId = /^(.+)\.json$/.exec(name)?.[1];
    if (workerId === undefined) return [];
    const path = pidFilePath(stateDir, workerId);
    const record = findLiving(path);
    return record ? { ...record, workerId, path } : [];
  });
}

/** Notes which process serves a worker, so that a restarted agent finds it again instead of starting a second. */
export function writePidFile(path: string, record: PidRecord): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o640 });
  renameSync(`${path}.tmp`, path);
}

export function removePidFile(path: string): void {
  rmSync(path, { force: true });
}

/** The noted process if it is the very same one and still lives. */
export function findLiving(path: string): PidRecord | undefined {
  try {
    const record = recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return startTicksOf(record.pid) === record.startTicks ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Start time of a living process in clock ticks since boot; undefined when it is gone, or a zombie. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
