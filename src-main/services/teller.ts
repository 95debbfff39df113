import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlStore } from './roles.ts';

/** What is done to a machine may restart Redis, or cut the way to it: it is told when that is back, ms. */
const PATIENCE_MS = 60_000;
const AGAIN_MS = 1000;

/** Tells the other hosts of a workshop what was done; never throws. */
export type Tell = (message: string) => void;

/**
 * Tells the hosts of one workshop in turn, whichever workshop this console has turned to meanwhile.
 * @param control of that workshop; null for none, when nobody is told.
 */
export function createTeller(control: Pick<ControlStore, 'note'> | null, by: () => string): Tell {
  let last: Promise<unknown> = Promise.resolve();
  const about = { jobId: null, userId: null, workerId: null };
  const tell = async (message: string) => {
    const until = performance.now() + PATIENCE_MS;
    for (;;)
      try {
        return await control?.note({ kind: 'host-act', by: by(), ...about, message: message.slice(0, 2000) });
      } catch {
        // Its loss matters to nothing else.
        if (performance.now() > until) return;
        await sleep(AGAIN_MS, undefined, { ref: false });
      }
  };
  return (message) => {
    last = last.then(() => tell(message));
  };
}
