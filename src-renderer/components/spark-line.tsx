import { memo } from 'react';
import type { ChartPoint } from './history-chart.tsx';
import styles from './spark-line.module.css';

const WIDTH = 1000;
const HEIGHT = 100;

export interface SparkLineProps {
  points: readonly ChartPoint[];
  /** Length of the time axis, ms; it ends at `until`. */
  spanMs: number;
  until: number;
  /** Any CSS colour. */
  color: string;
  /** Top of the value axis; null: the largest value sets it. */
  top: number | null;
  guard: number | null;
  /** Words for those who do not see the picture. */
  label: string;
}

/** One quantity over time in a strip without axes, for where a chart has no room. Gaps stay gaps. */
export const SparkLine = memo(function SparkLine(props: SparkLineProps) {
  const { points, spanMs, until, color, guard } = props;
  const top = props.top ?? Math.max(1, ...points.map(({ value }) => value ?? 0));
  const x = (at: number) => Math.max(0, WIDTH * (1 - (until - at) / spanMs)).toFixed(1);
  const y = (value: number) => (HEIGHT * (1 - Math.min(1, value / top))).toFixed(1);
  const runs = runsOf(points.filter(({ at }) => at >= until - spanMs));
  const path = (run: readonly Known[]) =>
    run.map(({ at, value }, place) => `${place === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('');
  return (
    <svg
      className={styles.line}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={props.label}
    >
      <path className={styles.ground} d={`M0 ${HEIGHT}H${WIDTH}`} />
      {runs.map((run) => {
        const [first] = run;
        const last = run.at(-1);
        if (!first || !last) return null;
        return (
          <g key={first.at}>
            <path
              className={styles.area}
              fill={color}
              d={`${path(run)}L${x(last.at)} ${HEIGHT}L${x(first.at)} ${HEIGHT}Z`}
            />
            <path className={styles.level} stroke={color} d={`${path(run)}h1`} />
          </g>
        );
      })}
      {guard !== null && guard <= top && <path className={styles.guard} d={`M0 ${y(guard)}H${WIDTH}`} />}
    </svg>
  );
});

interface Known {
  at: number;
  value: number;
}

/** Stretches in which every point is known. */
function runsOf(points: readonly ChartPoint[]): Known[][] {
  const runs: Known[][] = [];
  let open: Known[] | undefined;
  for (const { at, value } of points) {
    if (value === null) open = undefined;
    else if (open) open.push({ at, value });
    else {
      open = [{ at, value }];
      runs.push(open);
    }
  }
  return runs;
}
