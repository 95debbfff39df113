import type { ErrorInfo } from '../../contract/errors.ts';
import { WorkshopError } from '../../contract/errors.ts';

/** One time that a ComfyUI ended without being told to. */
export interface Crash {
  /** Epoch ms by the host's clock. */
  at: number;
  /** null = not known any more. */
  exitCode: number | null;
  /** The kernel killed it at the container's RAM limit. */
  outOfMemory: boolean;
  /** It had been ready before it ended. */
  wasReady: boolean;
}

/** This many ends in this time are a loop: no loading takes several processes. */
const LOOP = { crashes: 3, windowMs: 10 * 60_000 };

/** What happened to one worker's ComfyUI lately. Holds a few minutes, so it stays small for days. */
export class CrashHistory {
  #crashes: Crash[] = [];

  add(crash: Crash): void {
    this.#crashes.push(crash);
    this.#crashes = this.#crashes.filter(({ at }) => at > crash.at - LOOP.windowMs);
  }

  /** Ends within the window before `now`. */
  recent(now: number): Crash[] {
    return this.#crashes.filter(({ at }) => at > now - LOOP.windowMs);
  }

  /** Whether it keeps crashing, as opposed to a single end or a slow start. */
  isLoop(now: number): boolean {
    return this.recent(now).length >= LOOP.crashes;
  }

  /** Forgets everything: somebody started it anew on purpose. */
  clear(): void {
    this.#crashes = [];
  }
}

export interface CrashStory {
  workerId: string;
  crash: Crash;
  /** Ends within the last minutes, this one included, and since when. */
  recent: readonly Crash[];
  loop: boolean;
  /** RAM limit of the container in bytes; 0 = none. */
  memoryLimitBytes: number;
  /** The line of its log that says most; null when there is none. */
  lastWords: string | null;
}

/** The sentence about a crash. Exit 137 is about the container's RAM, never about VRAM (contract 3.2, 8.21). */
export function crashError(story: CrashStory): ErrorInfo {
  const { workerId, crash, recent, loop, lastWords } = story;
  const quote = lastWords === null ? '' : ` Its last words: “${lastWords}”`;
  const first = recent[0] ?? crash;
  const often = loop
    ? `ComfyUI of ${workerId} keeps ending: ${recent.length} times within ${ago(crash.at - first.at)}. `
    : '';
  if (crash.outOfMemory)
    return new WorkshopError(
      'OUT_OF_RAM',
      `${often}The container of ${workerId} was ended (exit 137) because it needed more RAM than ${limit(story.memoryLimitBytes)}. This is the machine’s memory, not VRAM.${quote}`,
      { remedy: 'Raise WORKER_MEMORY_LIMIT, or run fewer workers on this machine.' },
    ).toInfo();
  if (crash.exitCode === 137)
    return new WorkshopError(
      loop ? 'RUNTIME_CRASH_LOOP' : 'COMFY_DIED',
      `${often}ComfyUI of ${workerId} was killed (exit 137), though not at its own RAM limit: by hand, or because the machine ran out of RAM. VRAM is not the cause.${quote}`,
      {
        remedy: 'If nobody killed it, run fewer workers or set WORKER_MEMORY_LIMIT: see dmesg | grep -i oom',
      },
    ).toInfo();
  const how = crash.exitCode === null ? 'ended' : `ended with exit code ${crash.exitCode}`;
  if (loop)
    return new WorkshopError(
      'RUNTIME_CRASH_LOOP',
      `${often}It last ${how}${crash.wasReady ? '' : ' before it was ready'}.${quote}`,
      {
        remedy: `Read its log; a custom node or a missing library is the usual cause. Then restart ${workerId}.`,
      },
    ).toInfo();
  return crash.wasReady
    ? new WorkshopError('COMFY_DIED', `ComfyUI of ${workerId} ${how} and is started again.${quote}`).toInfo()
    : new WorkshopError(
        'RUNTIME_START',
        `ComfyUI of ${workerId} ${how} while starting and is started again.${quote}`,
      ).toInfo();
}

function limit(bytes: number): string {
  return bytes > 0 ? `its limit of ${(bytes / 1024 ** 3).toFixed(1).replace(/\.0$/, '')} GiB` : 'there is';
}

function ago(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
