import type { RecapHour } from '../../../src-main/api/types.ts';
import { clockText, plural } from '../../components/format.ts';
import styles from './recap.module.css';
import { gpuText, hourText, isGap } from './recap-words.ts';

/** The day by the hour: jobs made and failed as bars, the longest queue above them. */
export function HoursChart({ hours, busiest }: { hours: readonly RecapHour[]; busiest: number | null }) {
  const most = Math.max(1, ...hours.map(({ completed, failed }) => completed + failed));
  return (
    <ol className={styles.hours} aria-label="Jobs by the hour">
      {hours.map((hour) => (
        <li
          key={hour.at}
          className={styles.hour}
          data-busiest={hour.at === busiest}
          data-gap={isGap(hour)}
          title={describe(hour)}
        >
          <span className="visually-hidden">{describe(hour)}</span>
          <span className={styles.hourWait} aria-hidden>
            {hour.peakWaiting !== null ? `${hour.peakWaiting} wait` : isGap(hour) ? 'not watched' : ''}
          </span>
          <span className={styles.hourBar} aria-hidden>
            <i data-kind="failed" style={{ height: `${(hour.failed / most) * 100}%` }} />
            <i data-kind="completed" style={{ height: `${(hour.completed / most) * 100}%` }} />
          </span>
          <span className={styles.hourCount} aria-hidden>
            {hour.completed + hour.failed}
          </span>
          <span className={styles.hourAt} aria-hidden>
            {clockText(hour.at, hour.at).slice(0, 2)}
          </span>
        </li>
      ))}
    </ol>
  );
}

function describe({ at, completed, failed, gpuMs, peakWaiting, utilization }: RecapHour): string {
  const parts = [
    `${plural(completed, 'job')} made`,
    failed > 0 && `${failed} failed`,
    `${gpuText(gpuMs)} on a GPU`,
    peakWaiting === null ? 'queue not known' : `at most ${peakWaiting} waiting`,
    utilization === null ? 'utilisation not known' : `GPU at ${Math.round(utilization)} % on average`,
  ];
  return `${hourText(at)}: ${parts.filter(Boolean).join(', ')}`;
}
