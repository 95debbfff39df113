import type { ErrorInfo } from '../../contract/errors.ts';
import type { Container } from './container.ts';
import type { ContainerEvent } from './container-events.ts';
import { containerLogs, lastWords } from './container-logs.ts';
import { CrashHistory, crashError } from './crash-history.ts';
import { DeathReader } from './death-reader.ts';
import type { Docker } from './docker.ts';

/** In a loop a crash is told at most this often: each telling is an event that the host reads. */
const TELL_LOOP_EVERY_MS = 30_000;

/** All that is known about the crashes of one worker's ComfyUI, and what to say about them. */
export class CrashBook {
  readonly #workerId: string;
  readonly #history = new CrashHistory();
  readonly #deaths = new DeathReader();
  #toldLoopAt = Number.NEGATIVE_INFINITY;

  constructor(workerId: string) {
    this.#workerId = workerId;
  }

  noticed(event: ContainerEvent): void {
    this.#deaths.noticed(event);
  }

  /** Compares two looks at the container. @returns whether it crashed in between. */
  read(before: Container | null, now: Container, wasReady: boolean): boolean {
    const crashes = before
      ? this.#deaths.between(before, now, wasReady)
      : this.#deaths.atFirstSight(now, Date.now());
    for (const crash of crashes) this.#history.add(crash);
    return crashes.length > 0;
  }

  isLoop(): boolean {
    return this.#history.isLoop(Date.now());
  }

  /** It was started anew on purpose. */
  clear(): void {
    this.#history.clear();
    this.#toldLoopAt = Number.NEGATIVE_INFINITY;
  }

  /** The sentence about the last crash, and how many there were lately; null when it is too soon to tell again. */
  async tell(docker: Docker, container: Container): Promise<{ error: ErrorInfo; recent: number } | null> {
    const now = Date.now();
    const recent = this.#history.recent(now);
    const crash = recent.at(-1);
    const loop = this.isLoop();
    if (!crash || (loop && now - this.#toldLoopAt < TELL_LOOP_EVERY_MS)) return null;
    if (loop) this.#toldLoopAt = now;
    const error = crashError({
      workerId: this.#workerId,
      crash,
      recent,
      loop,
      memoryLimitBytes: container.memoryLimitBytes,
      lastWords: lastWords(await containerLogs(docker, container.id, 40)),
    });
    return { error, recent: recent.length };
  }
}
