import type { WatchService } from '../../api/roles.ts';
import { followGlance, type Glance, waitingText } from './glance.ts';

/** Where the operating system shows how many jobs wait, on the app's icon. */
export interface BadgePlace {
  /** macOS and some Linux desktops; 0 takes it away. */
  setBadgeCount(count: number): unknown;
  /** Windows: the number on the icon in the task bar, with words for screen readers; undefined elsewhere. */
  setOverlay?: ((count: number, description: string) => void) | undefined;
}

/**
 * Shows how many jobs wait, for as long as the workshop is watched; nothing while that is not known. Resolves when
 * `signal` aborts.
 */
export async function showWaiting(
  watch: WatchService,
  place: BadgePlace,
  signal: AbortSignal,
): Promise<void> {
  let shown = -1;
  const show = ({ waiting }: Glance) => {
    const count = waiting ?? 0;
    if (count === shown) return;
    shown = count;
    place.setBadgeCount(count);
    place.setOverlay?.(count, waitingText(count));
  };
  await followGlance(watch, show, signal);
}
