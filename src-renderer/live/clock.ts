import { useEffect, useRef, useState, useSyncExternalStore } from 'react';

/** One clock for the whole screen, ticking once a second, so that all ages move together. */
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Listeners told in one go; with more of them the tick spreads over a few moments instead of blocking one frame. */
const AT_ONCE = 60;
const BETWEEN_MS = 20;

function tick(): void {
  now = Date.now();
  tell([...listeners], 0);
  timer = listeners.size > 0 ? setTimeout(tick, 1000 - (Date.now() % 1000)) : undefined;
}

function tell(all: readonly (() => void)[], from: number): void {
  for (const listener of all.slice(from, from + AT_ONCE)) if (listeners.has(listener)) listener();
  if (from + AT_ONCE < all.length) setTimeout(tell, BETWEEN_MS, all, from + AT_ONCE);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setTimeout(tick, 1000 - (now % 1000));
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
    }
  };
}

/**
 * Reads something off the clock; the component renders again only when the answer changes.
 * @param read given local epoch ms, accurate to a second; returns a string, number or boolean.
 */
export function useClock<T extends string | number | boolean | undefined | null>(
  read: (now: number) => T,
): T {
  return useSyncExternalStore(subscribe, () => read(now));
}

/** Local epoch ms, renewed every second. */
export function useNow(): number {
  return useClock((at) => at);
}

/** Renews every `everyMs`, at a phase of this component's own, so that heavy parts do not fall together. */
export function useStaggered<T>(everyMs: number, read: () => T): T {
  const [value, setValue] = useState(read);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const renew = () => {
      setValue(latest.current());
      timer = setTimeout(renew, everyMs);
    };
    timer = setTimeout(renew, everyMs * (0.2 + 0.6 * Math.random()));
    return () => clearTimeout(timer);
  }, [everyMs]);
  return value;
}

/** A moment of Redis's clock on this laptop's clock; null when either is not known. */
export function toLocal(redisAt: number | null | undefined, clockOffsetMs: number | null): number | null {
  return redisAt === null || redisAt === undefined || clockOffsetMs === null ? null : redisAt - clockOffsetMs;
}
