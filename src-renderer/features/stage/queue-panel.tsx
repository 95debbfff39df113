import { useMemo } from 'react';
import type { WorkerStatus } from '../../../src-main/api/types.ts';
import { finishingSince } from '../../../worker-agent/src/contract/gpu-spans.ts';
import { countText, spanText } from '../../components/format.ts';
import { type ChartPoint, HistoryChart } from '../../components/history-chart.tsx';
import { showJobs } from '../../components/navigate.ts';
import { Age, Panel } from '../../components/panel.tsx';
import { useClock } from '../../live/clock.ts';
import { type LiveState, liveStore, useLive } from '../../live/store.ts';
import { ChartCaption } from './chart-caption.tsx';
import { useChartData } from './chart-data.ts';
import { estimateStart, estimateText, waitsText } from './estimate-start.ts';
import { factsOf, isReached } from './facts.ts';
import { healthOf, upOf } from './host-health.ts';
import { ModeMenu } from './mode-menu.tsx';
import styles from './queue-panel.module.css';

/** How many wait, run, are done and failed; how the queue grew; when a new job would start. */
export function QueuePanel() {
  const stale = useLive((state) => !isReached(state));
  return (
    <Panel
      title="Queue"
      stale={stale}
      aside={
        <>
          <Age read={(state) => state.queueAt} />
          <ModeMenu />
        </>
      }
    >
      <Figures />
      <DepthChart />
    </Panel>
  );
}

function Figures() {
  const counts = useLive((state) => state.counts);
  const leaving = useLive(({ hosts }) => finishingSince(Object.values(hosts).map((one) => one.status)).size);
  const longest = Math.max(...Object.values(counts ?? { none: 0 }).map((count) => countText(count).length));
  return (
    <div className={`${styles.figures} ${longest > 4 ? styles.long : ''}`}>
      <Figure name="waiting" value={counts?.pending} color="var(--queue)" />
      <Figure name="running" value={counts?.running} color="var(--busy)" title={leavingText(leaving)} />
      <Figure name="done" value={counts?.completed} color="var(--text)" />
      <Figure name="failed" value={counts?.failed} color={counts?.failed ? 'var(--fail)' : 'var(--text)'} />
    </div>
  );
}

const STATUS_OF = { waiting: 'pending', running: 'running', done: 'completed', failed: 'failed' } as const;

/** Why more may run than there are workers. */
const leavingText = (count: number) =>
  count === 0
    ? undefined
    : `${count} of them ${count === 1 ? 'has' : 'have'} left the GPU: files are brought away`;

function Figure(props: {
  name: keyof typeof STATUS_OF;
  value: number | undefined;
  color: string;
  title?: string | undefined;
}) {
  return (
    <button
      type="button"
      className={styles.figure}
      title={props.title}
      onClick={() => showJobs(STATUS_OF[props.name])}
    >
      <span className={styles.value} style={{ color: props.color }}>
        {countText(props.value)}
      </span>
      <span className={styles.name}>{props.name}</span>
    </button>
  );
}

function DepthChart() {
  const { buckets, spanMs, until } = useChartData();
  const points = useMemo<ChartPoint[]>(
    () => buckets.map(({ at, pending: value }) => ({ at, value })),
    [buckets],
  );
  return (
    <>
      <ChartCaption name="waiting" spanMs={spanMs} />
      <div className={styles.chart}>
        <HistoryChart
          points={points}
          spanMs={spanMs}
          until={until}
          color="var(--queue)"
          shape="stepAfter"
          label={`Jobs waiting over the last ${spanText(spanMs)}`}
          describe={waitingText}
        />
      </div>
      <Estimate />
    </>
  );
}

const waitingText = (value: number) => `${countText(value)} waiting`;

/** When a job that is submitted now would start. */
function Estimate() {
  const text = useClock((now) => {
    const state = liveStore.getState();
    if (!isReached(state)) return 'When a new job would start is not known while the link is lost.';
    if (state.waits) return waitsText(state.waits, now);
    const up = reportedUp(state, now);
    const idleWorkers = up.filter((worker) => worker.state.kind === 'idle').length;
    const held = state.control?.held ?? false;
    const pending = state.counts?.pending ?? null;
    return estimateText(
      estimateStart({ pending, held, idleWorkers, upWorkers: up.length }, state.histories.fine.buckets()),
    );
  });
  return <p className={styles.estimate}>{text}</p>;
}

/** Workers that are up, as far as their agents report: who is silent promises nothing to a new job. */
function reportedUp(state: LiveState, now: number): WorkerStatus[] {
  const facts = factsOf(state);
  return Object.values(state.hosts)
    .filter((host) => healthOf(host, facts, now).kind === 'reporting')
    .flatMap(upOf);
}
