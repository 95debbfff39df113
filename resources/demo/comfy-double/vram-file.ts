/**
 * The file by which doubles that play workers on one card tell each other, and a double of nvidia-smi,
 * how much of the card they hold.
 *
 * One JSON file per double, any name ending in `.json`, all in one directory that stands for the card.
 * It is replaced atomically (rename) whenever a value changes and removed at a clean end. A process that
 * was killed leaves its file behind: readers skip files whose `pid` is no longer alive.
 */

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

export const vramFileSchema = z.object({
  /** Process that holds the memory. */
  pid: z.int().positive(),
  /** Port the double listens on. */
  port: z.int().min(0).max(65535),
  /** Bytes of card memory held by this process, as nvidia-smi would report them for it. */
  vramBytes: z.int().min(0),
  /** Share of the card's computing time this process takes, in percent. */
  utilisation: z.number().min(0).max(100),
});
export type VramFile = z.infer<typeof vramFileSchema>;

export function writeVramFile(file: string, content: VramFile): void {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${content.pid}.tmp`);
  writeFileSync(draft, JSON.stringify(content));
  renameSync(draft, file);
}

export function removeVramFile(file: string): void {
  rmSync(file, { force: true });
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readVramFile(file: string): VramFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return vramFileSchema.safeParse(content).data;
  } catch {
    return undefined;
  }
}

/** Every living process on the card, in the order of the file names. */
export function readVramDirectory(directory: string, except?: string): VramFile[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .map((name) => path.join(directory, name))
    .filter((file) => except === undefined || path.resolve(file) !== path.resolve(except))
    .sort()
    .map(readVramFile)
    .filter((content) => content !== undefined && isProcessAlive(content.pid))
    .filter((content) => content !== undefined);
}
