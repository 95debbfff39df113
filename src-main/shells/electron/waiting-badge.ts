import type { NativeImage } from 'electron';
import type { WatchService } from '../../api/roles.ts';
import type { WorkshopChange } from '../../api/types.ts';

/** Where the operating system shows how many jobs wait, on the app's icon. */
export interface BadgePlace {
  /** macOS and some Linux desktops; 0 takes it away. */
  setBadgeCount(count: number): unknown;
  /** Windows: a mark on the icon in the task bar with words for screen readers; undefined elsewhere. */
  setOverlay?: ((shown: boolean, description: string) => void) | undefined;
}

/**
 * Shows how many jobs wait, for as long as the workshop is watched; nothing while that is not known, since an old
 * number would look like a new one. Resolves when `signal` aborts.
 */
export async function showWaiting(
  watch: WatchService,
  place: BadgePlace,
  signal: AbortSignal,
): Promise<void> {
  const known: { waiting: number | null; reached: boolean } = { waiting: null, reached: false };
  let shown = -1;
  const take = (change: WorkshopChange) => {
    switch (change.kind) {
      case 'snapshot':
        known.waiting = change.snapshot.counts?.pending ?? null;
        known.reached = isReached(change.snapshot.links.redis.kind);
        return;
      case 'name':
        known.waiting = null;
        return;
      case 'queue':
        known.waiting = change.counts.pending;
        return;
      case 'links':
        known.reached = isReached(change.links.redis.kind);
    }
  };
  for await (const { changes } of watch.watch(signal)) {
    for (const change of changes) take(change);
    const count = known.reached ? (known.waiting ?? 0) : 0;
    if (count === shown) continue;
    shown = count;
    place.setBadgeCount(count);
    place.setOverlay?.(count > 0, count === 1 ? '1 job waits' : `${count} jobs wait`);
  }
}

function isReached(kind: string): boolean {
  return kind === 'ready' || kind === 'degraded';
}

const SIZE = 16;
/** The amber of the theme, as bytes in the order that bitmaps have: blue, green, red. */
const AMBER = [0x3d, 0xbb, 0xf2];

/** A round mark for the task bar of Windows, which takes a picture and no number. */
export function badgeDot(nativeImage: {
  createFromBitmap(bytes: Buffer, size: { width: number; height: number }): NativeImage;
}): NativeImage {
  const bytes = Buffer.alloc(SIZE * SIZE * 4);
  const middle = (SIZE - 1) / 2;
  for (let y = 0; y < SIZE; y += 1)
    for (let x = 0; x < SIZE; x += 1) {
      // One pixel of the edge fades.
      const inside = Math.min(1, Math.max(0, SIZE / 2 - Math.hypot(x - middle, y - middle)));
      const colour = AMBER.map((part) => Math.round(part * inside));
      bytes.set([...colour, Math.round(255 * inside)], (y * SIZE + x) * 4);
    }
  return nativeImage.createFromBitmap(bytes, { width: SIZE, height: SIZE });
}
