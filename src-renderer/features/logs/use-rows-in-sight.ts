import { type RefObject, useCallback, useLayoutEffect, useState } from 'react';

/** Rows drawn beyond each edge. */
const BEYOND = 12;

export interface RowsInSight {
  /** First row to draw, and the one behind the last. */
  from: number;
  to: number;
  /** To be called when the box was scrolled. */
  look(): void;
}

/**
 * Which rows of a scrolling box are to be drawn. All are equally high, so their places follow from their numbers: a log
 * of 50,000 rows that grows ten times a second must not be measured row by row.
 * @param atEnd it stands at its end, wherever the browser has scrolled to by now.
 */
export function useRowsInSight(
  box: RefObject<HTMLElement | null>,
  count: number,
  rowPx: () => number,
  atEnd: boolean,
): RowsInSight {
  /** Rows above the upper edge, and rows that fit. */
  const [place, setPlace] = useState({ above: 0, fit: 0 });
  const look = useCallback(() => {
    const { current } = box;
    if (!current) return;
    const above = Math.max(0, Math.floor(current.scrollTop / rowPx()));
    const fit = Math.ceil(current.clientHeight / rowPx()) + 1;
    setPlace((before) => (before.above === above && before.fit === fit ? before : { above, fit }));
  }, [box, rowPx]);
  const isThere = count > 0;
  useLayoutEffect(() => {
    const { current } = box;
    if (!isThere || !current) return;
    look();
    const observer = new ResizeObserver(look);
    observer.observe(current);
    return () => observer.disconnect();
  }, [box, look, isThere]);
  const above = atEnd ? Math.max(0, count - place.fit) : place.above;
  return {
    from: Math.max(0, Math.min(above, count) - BEYOND),
    to: Math.min(count, above + place.fit + BEYOND),
    look,
  };
}
