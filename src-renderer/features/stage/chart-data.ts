import { useMemo } from 'react';
import { create } from 'zustand';
import { useStaggered } from '../../live/clock.ts';
import type { Bucket } from '../../live/history.ts';
import { liveStore } from '../../live/store.ts';

/** How far back all charts of the Stage look. */
export type ChartRange = '30 min' | '12 h';

export const useChartRange = create<{ range: ChartRange }>(() => ({ range: '30 min' }));

export interface ChartData {
  /** Oldest first. */
  buckets: readonly Bucket[];
  /** Length of the time axis: the chosen range, or less while the session is younger. */
  spanMs: number;
  /** Right end of the time axis, local epoch ms. */
  until: number;
}

/** A young session is drawn over this much at least, ms. */
const SHORTEST = 2 * 60_000;

/** Time moves the axis on even when nothing new comes, this often, ms. */
const AXIS_PACE = 10_000;

/** History for the charts, renewed once a second at most, and only when there is something to draw. */
export function useChartData(): ChartData {
  const range = useChartRange((state) => state.range);
  const renewed = useStaggered(1000, () => {
    const { fine, coarse } = liveStore.getState().histories;
    return `${fine.version}/${coarse.version}/${Math.floor(Date.now() / AXIS_PACE)}`;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `renewed` is what says that the rings have grown.
  return useMemo(() => {
    const { histories } = liveStore.getState();
    const ring = range === '30 min' ? histories.fine : histories.coarse;
    const buckets = [...ring.buckets()];
    const until = Date.now();
    const spanMs = Math.min(ring.spanMs, Math.max(SHORTEST, until - (buckets[0]?.at ?? until)));
    return { buckets, spanMs, until };
  }, [range, renewed]);
}
