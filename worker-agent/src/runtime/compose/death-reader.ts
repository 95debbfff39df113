import type { Container } from './container.ts';
import type { ContainerEvent } from './container-events.ts';
import type { Crash } from './crash-history.ts';

/** Docker's events and its description of a container name the same moment within this. */
const SAME_MOMENT_MS = 3000;
/** A container that was restarted by Docker this often, the last time just now, is in a loop. */
const LOOP_SIGN = { restarts: 3, withinMs: 60_000 };

/**
 * Reads from two looks at a container what ended in between. Docker's description counts ends but forgets exit codes
 * once the container runs again; its events hold them but may be missed. Together they tell the story.
 */
export class DeathReader {
  #exits: { at: number; exitCode: number | null }[] = [];
  #memoryKills: number[] = [];

  noticed(event: ContainerEvent): void {
    if (event.action === 'die') this.#exits = [...this.#exits.slice(-9), event];
    if (event.action === 'oom') this.#memoryKills = [...this.#memoryKills.slice(-9), event.at];
  }

  /** Ends between two looks at the same container; none when it is another one. */
  between(before: Container, now: Container, wasReady: boolean): Crash[] {
    if (before.id !== now.id || now.finishedAt === null || now.finishedAt === before.finishedAt) return [];
    const times = Math.max(1, now.restartCount - before.restartCount);
    return Array.from({ length: times }, (_, index) => this.#crash(now, wasReady && index === 0));
  }

  /** Ends that a container shows at first sight. One that merely stands still tells nothing: the machine was restarted, say. */
  atFirstSight(container: Container, now: number): Crash[] {
    const { restartCount, startedAt, status, finishedAt } = container;
    const justNow =
      status === 'restarting' ||
      (status === 'running' && startedAt !== null && now - startedAt < LOOP_SIGN.withinMs);
    if (restartCount < LOOP_SIGN.restarts || !justNow || finishedAt === null) return [];
    return Array.from({ length: LOOP_SIGN.restarts }, () => this.#crash(container, false));
  }

  #crash(container: Container, wasReady: boolean): Crash {
    const at = container.finishedAt ?? Date.now();
    const near = (moment: number) => Math.abs(moment - at) < SAME_MOMENT_MS;
    const exit = this.#exits.findLast((one) => near(one.at));
    const running = container.status === 'running';
    return {
      at,
      exitCode: exit?.exitCode ?? (running ? null : container.exitCode),
      outOfMemory: this.#memoryKills.some(near) || (!running && container.outOfMemory),
      wasReady,
    };
  }
}
