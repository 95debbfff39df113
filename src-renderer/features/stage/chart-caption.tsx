import { spanText } from '../../components/format.ts';
import styles from './chart-caption.module.css';
import { type ChartRange, useChartRange } from './chart-data.ts';

const RANGES: readonly ChartRange[] = ['30 min', '12 h'];

/** What a chart shows, and how far back; the choice holds for all charts. */
export function ChartCaption({ name, spanMs }: { name: string; spanMs: number }) {
  const range = useChartRange((state) => state.range);
  return (
    <div className={styles.caption}>
      <span>
        {name}, last {spanText(spanMs)}
      </span>
      <span>
        {RANGES.map((one) => (
          <button
            key={one}
            type="button"
            className={styles.range}
            aria-pressed={one === range}
            aria-label={`Charts show the last ${one}`}
            onClick={() => useChartRange.setState({ range: one })}
          >
            {one}
          </button>
        ))}
      </span>
    </div>
  );
}
