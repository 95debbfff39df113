import { memo, useMemo } from 'react';
import { cardGigabytes, gigabytes, spanText, UNKNOWN, withUnit } from '../../components/format.ts';
import { type ChartPoint, HistoryChart } from '../../components/history-chart.tsx';
import { Age, Panel } from '../../components/panel.tsx';
import { useClock } from '../../live/clock.ts';
import { type LiveState, liveStore, useLive, useLiveData } from '../../live/store.ts';
import { ChartCaption } from './chart-caption.tsx';
import { useChartData } from './chart-data.ts';
import { factsOf } from './facts.ts';
import styles from './gpu-panel.module.css';
import { type GpuFigures, gpuFiguresAt, gpusOf, splitOf, workerHue } from './gpu-view.ts';
import { healthOf } from './host-health.ts';
import { VramBar } from './vram-bar.tsx';

/** All GPUs of the one host: a single card in full, several as rows. */
export function GpuPanel({ hostId }: { hostId: string }) {
  const gpus = useGpus(hostId);
  const stale = useStale(hostId);
  const [only] = gpus;
  const title =
    gpus.length === 1 && only ? `GPU ${only.index} · ${only.name ?? 'unknown model'}` : `GPUs of ${hostId}`;
  return (
    <Panel title={title} stale={stale} aside={<Age read={figuresFrom(hostId)} />}>
      {gpus.length === 0 ? (
        <NoGpu hostId={hostId} />
      ) : gpus.length === 1 && only ? (
        <FullGpu hostId={hostId} gpu={only} />
      ) : (
        <GpuRows hostId={hostId} />
      )}
    </Panel>
  );
}

const figuresFrom =
  (hostId: string) =>
  ({ hosts, clockOffsetMs }: LiveState) =>
    hosts[hostId] ? gpuFiguresAt(hosts[hostId], clockOffsetMs) : null;

const useGpus = (hostId: string) => useLiveData(({ hosts }) => (hosts[hostId] ? gpusOf(hosts[hostId]) : []));

/** Whether the figures of a host are only the last known. */
export function useStale(hostId: string): boolean {
  return useClock((now) => {
    const state = liveStore.getState();
    const host = state.hosts[hostId];
    if (!host) return false;
    return !['reporting', 'stopping'].includes(healthOf(host, factsOf(state), now).kind);
  });
}

function NoGpu({ hostId }: { hostId: string }) {
  const status = useLive(({ hosts }) => hosts[hostId]?.status);
  const error = status?.gpuError;
  // A card that is not there is an error; without one, none was read yet or the reader hangs.
  const words = status ? 'The agent has no figures of its GPU now.' : 'Nothing is known of its GPU yet.';
  return (
    <div className={styles.none}>
      <div>{error ? error.message : words}</div>
      {error?.remedy && <div>{error.remedy}</div>}
    </div>
  );
}

function FullGpu({ hostId, gpu }: { hostId: string; gpu: GpuFigures }) {
  const limit = gpu.powerLimitW === null ? '' : ` of ${Math.round(gpu.powerLimitW)} W`;
  return (
    <>
      <GpuBar hostId={hostId} gpu={gpu} small={false} />
      <div className={styles.figures}>
        <Figure
          name="VRAM"
          value={gigabytes(gpu.usedMiB)}
          small={gpu.totalMiB === null ? ' GB' : ` of ${cardGigabytes(gpu.totalMiB)} GB`}
          width="8.5rem"
        />
        <Figure name="utilisation" value={withUnit(gpu.utilization, '%')} />
        <Figure name="temperature" value={withUnit(gpu.temperatureC, '°C')} />
        <Figure
          name="power"
          value={gpu.powerW === null ? UNKNOWN : `${Math.round(gpu.powerW)}`}
          small={gpu.powerW === null ? '' : limit || ' W'}
        />
      </div>
      <VramChart hostId={hostId} index={gpu.index} totalMiB={gpu.totalMiB} />
    </>
  );
}

function Figure(props: { name: string; value: string; small?: string; width?: string }) {
  return (
    <div className={styles.figure} style={{ minWidth: props.width }}>
      <div className={styles.value}>
        {props.value}
        {props.small && <span className={styles.small}>{props.small}</span>}
      </div>
      <div className={styles.name}>{props.name}</div>
    </div>
  );
}

function GpuBar({ hostId, gpu, small }: { hostId: string; gpu: GpuFigures; small: boolean }) {
  const guardMiB = useGuard(hostId);
  const { parts, otherMiB } = useLiveData(({ hosts }) => {
    const host = hosts[hostId];
    if (!host) return { parts: [], otherMiB: null };
    const split = splitOf(host, gpu);
    return { ...split, parts: split.parts.map((part) => ({ ...part, hue: workerHue(host, part.workerId) })) };
  });
  const { totalMiB, usedMiB } = gpu;
  return <VramBar {...{ totalMiB, usedMiB, guardMiB, otherMiB, parts, small }} />;
}

/** The guard that holds: the console's own, else the agent's. */
const useGuard = (hostId: string) =>
  useLive(
    ({ hosts, capacity }) => capacity?.hosts[hostId]?.guardMiB ?? hosts[hostId]?.status?.guardMiB ?? null,
  );

/** Several cards, one line each. */
export function GpuRows({ hostId }: { hostId: string }) {
  const gpus = useGpus(hostId);
  return (
    <div className={styles.rows}>
      {gpus.map((gpu) => (
        <div key={gpu.index} className={styles.row}>
          <div className={styles.line}>
            <span>
              GPU {gpu.index} · <b>{gigabytes(gpu.usedMiB)}</b> of {cardGigabytes(gpu.totalMiB)} GB
            </span>
            <span>
              <b>{withUnit(gpu.utilization, '%')}</b> · {withUnit(gpu.temperatureC, '°C')} ·{' '}
              {withUnit(gpu.powerW, 'W')}
            </span>
          </div>
          <GpuBar hostId={hostId} gpu={gpu} small />
        </div>
      ))}
    </div>
  );
}

const VramChart = memo(function VramChart(props: { hostId: string; index: number; totalMiB: number | null }) {
  const { buckets, spanMs, until } = useChartData();
  const guardMiB = useGuard(props.hostId);
  const key = `${props.hostId}/${props.index}`;
  const points = useMemo<ChartPoint[]>(
    () =>
      buckets.map(({ at, vramMiB }) => {
        const mib = vramMiB[key] ?? null;
        return { at, value: mib === null ? null : mib / 1024 };
      }),
    [buckets, key],
  );
  return (
    <>
      <ChartCaption name="VRAM, GB" spanMs={spanMs} />
      <div className={styles.chart}>
        <HistoryChart
          points={points}
          spanMs={spanMs}
          until={until}
          color="var(--busy)"
          top={props.totalMiB === null ? null : Math.round(props.totalMiB / 1024)}
          guard={guardMiB === null ? null : guardMiB / 1024}
          label={`VRAM in use over the last ${spanText(spanMs)}`}
          describe={vramText}
        />
      </div>
    </>
  );
});

const vramText = (gb: number) => `${gb.toFixed(1)} GB of VRAM`;
