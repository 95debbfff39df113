import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Processes whose command line names this folder, or that work in it: all that were started for one demo, however deep,
 * and nothing else, since the folder's name is random. redis-server gives itself another command line, without its
 * folder. Empty where there is no /proc.
 */
export function processesNaming(folder: string): number[] {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return [];
  }
  return entries
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => {
      try {
        return [readFileSync(`/proc/${entry}/cmdline`, 'utf8'), readlinkSync(`/proc/${entry}/cwd`)].some(
          (told) => told.includes(folder),
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Kills what is left of a demo by its ids and waits until it is gone, at most `withinMs`. */
export async function endProcessesNaming(folder: string, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const left = processesNaming(folder);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    if (Date.now() >= deadline) return;
    await wait(20);
  }
}
