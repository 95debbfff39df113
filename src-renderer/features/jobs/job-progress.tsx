import type { JobSummary } from '../../../src-main/api/types.ts';
import { Meter } from '../../components/meter.tsx';
import { useClock } from '../../live/clock.ts';
import { liveStore, useLiveData } from '../../live/store.ts';
import styles from './job-drawer.module.css';
import { progressText, runOf } from './progress-words.ts';

/** How far a running job is: the bar and one line, as its worker tells once a second. */
export function JobProgress({ job }: { job: JobSummary }) {
  const run = useLiveData((live) => runOf(live.hosts, job.id, live.clockOffsetMs));
  const text = useClock((now) => {
    const live = liveStore.getState();
    return progressText(job, runOf(live.hosts, job.id, live.clockOffsetMs), live.clockOffsetMs, now);
  });
  return (
    <section aria-label="Progress" className={styles.progress}>
      {run && <Meter share={run.progress?.fraction ?? null} label="Progress of this job" glides />}
      <p className={styles.how}>{text}</p>
    </section>
  );
}
