import { memo, useMemo } from 'react';
import { spanText } from '../../components/format.ts';
import { type ChartPoint, HistoryChart } from '../../components/history-chart.tsx';
import { SparkLine } from '../../components/spark-line.tsx';
import { useLive } from '../../live/store.ts';
import { ChartCaption } from './chart-caption.tsx';
import { useChartData } from './chart-data.ts';
import styles from './gpu-panel.module.css';

interface VramChartProps {
  hostId: string;
  index: number;
  totalMiB: number | null;
}

/** The guard of a card: by what the hosts agreed on, also where no agent tells of it. */
export const useGuard = (hostId: string, gpuIndex: number): number | null =>
  useLive(({ hosts, capacity, machines }) => {
    const ofCard = ({ index }: { index: number }) => index === gpuIndex;
    return (
      capacity?.hosts[hostId]?.cardGuards.find(ofCard)?.guardMiB ??
      machines.find(({ id }) => id === hostId)?.gpus?.guards.find(ofCard)?.guardMiB ??
      hosts[hostId]?.status?.guardMiB ??
      null
    );
  });

/** A card's memory over time, as a chart takes it, in GB. */
function useVramHistory({ hostId, index, totalMiB }: VramChartProps) {
  const { buckets, spanMs, until } = useChartData();
  const guardMiB = useGuard(hostId, index);
  const key = `${hostId}/${index}`;
  const points = useMemo<ChartPoint[]>(
    () =>
      buckets.map(({ at, vramMiB }) => {
        const mib = vramMiB[key] ?? null;
        return { at, value: mib === null ? null : mib / 1024 };
      }),
    [buckets, key],
  );
  const top = totalMiB === null ? null : Math.round(totalMiB / 1024);
  const guard = guardMiB === null ? null : guardMiB / 1024;
  return { points, spanMs, until, top, guard, color: 'var(--busy)' };
}

/** In full, with its axes and how far back it looks. */
export const VramChart = memo(function VramChart(props: VramChartProps) {
  const history = useVramHistory(props);
  const label = `VRAM in use over the last ${spanText(history.spanMs)}`;
  return (
    <>
      <ChartCaption name="VRAM, GB" spanMs={history.spanMs} />
      <div className={styles.chart}>
        <HistoryChart {...history} label={label} describe={vramText} />
      </div>
    </>
  );
});

const vramText = (gb: number) => `${gb.toFixed(1)} GB of VRAM`;

/** The same as a strip, for one of several cards. */
export const VramStrip = memo(function VramStrip(props: VramChartProps) {
  const history = useVramHistory(props);
  const last = spanText(history.spanMs);
  return (
    <div className={styles.strip} title={`VRAM over the last ${last}`}>
      <SparkLine {...history} label={`VRAM in use on GPU ${props.index} over the last ${last}`} />
    </div>
  );
});
