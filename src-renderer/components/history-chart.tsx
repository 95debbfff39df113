import { memo } from 'react';
import { Area, AreaChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { niceTop, ticksOf } from './chart-scale.ts';
import { clockText } from './format.ts';
import styles from './history-chart.module.css';
import { remPx } from './rem.ts';

export interface ChartPoint {
  /** Local epoch ms. */
  at: number;
  /** null is drawn as a gap. */
  value: number | null;
}

export interface HistoryChartProps {
  points: readonly ChartPoint[];
  /** Length of the time axis, ms; it ends at `until`. */
  spanMs: number;
  until: number;
  /** Any CSS colour. */
  color: string;
  /** Top of the value axis; without it the largest value sets it. */
  top?: number | null;
  guard?: number | null;
  /** Words for those who do not see the picture. */
  label: string;
  describe: (value: number) => string;
  /** Stairs for counts, straight lines for what glides. */
  shape?: 'stepAfter' | 'linear';
}

/** One quantity over time, at most 240 points. Gaps stay gaps. */
export const HistoryChart = memo(function HistoryChart(props: HistoryChartProps) {
  const { until, spanMs } = props;
  const highest = props.points.reduce((most, { value }) => Math.max(most, value ?? 0), 0);
  const scale = remPx() / 16;
  const top = props.top ?? niceTop(highest);
  return (
    <div className={styles.chart} role="img" aria-label={props.label}>
      <ResponsiveContainer width="100%" height="100%" debounce={80}>
        <AreaChart
          data={props.points as ChartPoint[]}
          margin={{ top: 4, right: 0, bottom: 0, left: 0 }}
          accessibilityLayer={false}
          tabIndex={-1}
        >
          <XAxis
            dataKey="at"
            type="number"
            scale="time"
            domain={[until - spanMs, until]}
            allowDataOverflow
            ticks={ticksOf(until, spanMs)}
            tickFormatter={(at: number) => clockText(at, until)}
            axisLine={false}
            tickLine={false}
            height={18 * scale}
            interval={0}
            tick={{ fill: 'var(--faint)', fontSize: '0.6875rem' }}
          />
          <YAxis
            domain={[0, top]}
            ticks={[0, top]}
            orientation="right"
            axisLine={false}
            tickLine={false}
            width={30 * scale}
            tick={{ fill: 'var(--faint)', fontSize: '0.6875rem' }}
          />
          <ReferenceLine y={0} stroke="var(--line-strong)" />
          {props.guard !== null && props.guard !== undefined && (
            <ReferenceLine y={props.guard} stroke="var(--warn)" strokeDasharray="4 4" />
          )}
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--line-strong)' }}
            content={({ active, payload }) => {
              const point = active ? (payload?.[0]?.payload as ChartPoint | undefined) : undefined;
              return point ? (
                <div className={styles.tip}>
                  {clockText(point.at, until)} ·{' '}
                  {point.value === null ? 'not known' : props.describe(point.value)}
                </div>
              ) : null;
            }}
          />
          <Area
            dataKey="value"
            type={props.shape ?? 'linear'}
            stroke={props.color}
            strokeWidth={2 * scale}
            fill={props.color}
            fillOpacity={0.16}
            isAnimationActive={false}
            connectNulls={false}
            activeDot={{ r: 3, stroke: 'none', fill: props.color }}
          />
        </AreaChart>
      </ResponsiveContainer>
    </div>
  );
});
