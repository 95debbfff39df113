import type { WatchService } from '../../api/roles.ts';
import type { WorkshopChange } from '../../api/types.ts';

/** What the operating system's own places show of the workshop: the icon, the tray. */
export interface Glance {
  name: string | null;
  reached: boolean;
  /** Jobs that wait; null while that is not known now, since an old number would look like a new one. */
  waiting: number | null;
  /** null before anybody ordered anything, as far as known. */
  control: { held: boolean; revision: number } | null;
}

/** Tells the glance whenever it changes, for as long as the workshop is watched. Resolves when `signal` aborts. */
export async function followGlance(
  watch: WatchService,
  show: (glance: Glance) => void,
  signal: AbortSignal,
): Promise<void> {
  const known: Glance = { name: null, reached: false, waiting: null, control: null };
  const orders = (control: { held: boolean; revision: number } | null) =>
    control && { held: control.held, revision: control.revision };
  const take = (change: WorkshopChange) => {
    switch (change.kind) {
      case 'snapshot':
        known.name = change.snapshot.name;
        known.waiting = change.snapshot.counts?.pending ?? null;
        known.reached = isReached(change.snapshot.links.redis.kind);
        known.control = orders(change.snapshot.control);
        return;
      case 'name':
        known.name = change.name;
        known.waiting = null;
        return;
      case 'queue':
        known.waiting = change.counts.pending;
        return;
      case 'control':
        known.control = orders(change.control);
        return;
      case 'links':
        known.reached = isReached(change.links.redis.kind);
    }
  };
  let shown = '';
  for await (const { changes } of watch.watch(signal)) {
    for (const change of changes) take(change);
    const glance = { ...known, waiting: known.reached ? known.waiting : null };
    const text = JSON.stringify(glance);
    if (text === shown) continue;
    shown = text;
    show(glance);
  }
}

/** "12 jobs wait". */
export const waitingText = (count: number): string => (count === 1 ? '1 job waits' : `${count} jobs wait`);

function isReached(kind: string): boolean {
  return kind === 'ready' || kind === 'degraded';
}
