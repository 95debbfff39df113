import type { WorkshopChange } from '../../src-main/api/types.ts';

/** A hidden window gets no animation frames; its changes are applied at this pace instead, ms. */
const HIDDEN_PACE = 250;

/**
 * Collects changes and hands them on once per animation frame, so that ten messages in a frame cost one render.
 * @returns `add`, and `stop`, which drops what has not been handed on.
 */
export function batchPerFrame(apply: (changes: readonly WorkshopChange[]) => void): {
  add: (changes: readonly WorkshopChange[]) => void;
  stop: () => void;
} {
  let collected: WorkshopChange[] = [];
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const unschedule = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    if (timer !== undefined) clearTimeout(timer);
    frame = undefined;
    timer = undefined;
  };
  const flush = () => {
    unschedule();
    const changes = collected;
    collected = [];
    if (changes.length > 0) apply(changes);
  };
  return {
    add(changes) {
      for (const change of changes) collected.push(change);
      if (frame !== undefined || timer !== undefined) return;
      frame = requestAnimationFrame(flush);
      timer = setTimeout(flush, HIDDEN_PACE);
    },
    stop() {
      unschedule();
      collected = [];
    },
  };
}
