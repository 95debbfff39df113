import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { toWorkshopError } from '../contract/errors.ts';

export interface ShutdownStep {
  name: string;
  run: () => Promise<unknown> | unknown;
  /** A step that takes longer is left behind, ms. Without it the step may take as long as it needs. */
  limitMs?: number;
}

/**
 * Runs steps in order, once; a later call gets the first one's promise. A step that fails or hangs does not keep the
 * later ones from running.
 */
export function createShutdown(steps: readonly ShutdownStep[], log: Logger): () => Promise<void> {
  let under: Promise<void> | undefined;
  const run = async () => {
    for (const { name, run: step, limitMs } of steps) {
      const timeout = new AbortController();
      try {
        const work = Promise.resolve(step());
        if (limitMs === undefined) await work;
        else {
          const late = sleep(limitMs, 'late' as const, { signal: timeout.signal });
          late.catch(() => {});
          if ((await Promise.race([work, late])) === 'late')
            log.warn({ step: name }, 'a shutdown step took too long');
        }
      } catch (cause) {
        log.warn({ step: name, reason: toWorkshopError(cause).message }, 'a shutdown step failed');
      } finally {
        timeout.abort();
      }
    }
  };
  return () => {
    under ??= run();
    return under;
  };
}
