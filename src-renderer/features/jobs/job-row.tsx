import { memo } from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { cut, sizeText, UNKNOWN } from '../../components/format.ts';
import { Person } from '../../components/person.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useClock } from '../../live/clock.ts';
import { useLeftAt } from '../../live/finishing.ts';
import { PRIORITY_WORDS } from '../../live/job-verbs.ts';
import { startsText } from '../../live/starts.ts';
import { useLive } from '../../live/store.ts';
import { createdText, lastingText, STATUS_WORDS } from './job-words.ts';
import styles from './jobs.module.css';

/** The state of a job in its cell. */
export function StatusCell({ job }: { job: JobSummary }) {
  const { word, tone } = STATUS_WORDS[job.status];
  return <StateMark tone={tone} word={word} />;
}

export function CreatedCell({ job }: { job: JobSummary }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const text = useClock((now) => createdText(job, offset, now));
  return <span className={styles.dim}>{text}</span>;
}

export const LastingCell = memo(function LastingCell({ job }: { job: JobSummary }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const leftAt = useLeftAt(job);
  return <>{useClock((now) => lastingText(job, offset, now, { starts: startsText(job, now), leftAt }))}</>;
});

export function PriorityCell({ job }: { job: JobSummary }) {
  const word = PRIORITY_WORDS[job.priority ?? -1] ?? UNKNOWN;
  return <span className={job.priority === 2 ? styles.dim : undefined}>{word}</span>;
}

/** Whose job it is: nickname and id. */
export function PersonCell({ userId }: { userId: string }) {
  return (
    <span className={styles.strong}>
      <Person userId={userId} />
    </span>
  );
}

/** Text from outside: cut, one line, plain. */
export function TextCell({ text }: { text: string }) {
  const shown = cut(text, 80);
  return <span title={shown}>{shown}</span>;
}

export function ErrorCell({ job }: { job: JobSummary }) {
  if (job.error)
    return (
      <span className={styles.error} title={cut(job.error, 500)}>
        {cut(job.error, 200)}
      </span>
    );
  return (
    <span className={styles.dim}>
      {job.sizeBytes >= 1_000_000 ? `workflow of ${sizeText(job.sizeBytes)}` : ''}
    </span>
  );
}
