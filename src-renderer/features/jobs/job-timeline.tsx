import type { JobDetail, JobSummary } from '../../../src-main/api/types.ts';
import { clockText, cut, stopwatchText, UNKNOWN } from '../../components/format.ts';
import { toLocal, useNow } from '../../live/clock.ts';
import { useLeftAt } from '../../live/finishing.ts';
import { PRIORITY_WORDS } from '../../live/job-verbs.ts';
import { startsText } from '../../live/starts.ts';
import { useLive } from '../../live/store.ts';
import styles from './job-drawer.module.css';
import { lastingText, spanBetween } from './job-words.ts';

/** When what happened, how long each part took, where it ran. */
export function Timeline({ job, detail }: { job: JobSummary; detail: JobDetail | undefined }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const now = useNow();
  const leftAt = useLeftAt(job);
  const at = (time: number | null) => {
    const local = toLocal(time, offset);
    return local === null ? UNKNOWN : clockText(local, now);
  };
  const redisNow = offset === null ? null : now + offset;
  const isOver = job.status !== 'pending' && job.status !== 'running';
  const executed = detail?.executionSeconds ?? null;
  const rows: [string, string][] = [
    ['Submitted', at(job.createdAt)],
    [
      'Started',
      job.startedAt === null
        ? [isOver ? 'never' : 'not yet', startsText(job, now)].filter(Boolean).join(', ')
        : at(job.startedAt),
    ],
    ['Ended', job.completedAt === null ? (isOver ? UNKNOWN : 'not yet') : at(job.completedAt)],
    [
      'Waited',
      spanBetween(job.createdAt, job.startedAt ?? (isOver ? job.completedAt : redisNow)) +
        (job.startedAt === null && !isOver ? ' so far' : ''),
    ],
  ];
  if (job.startedAt !== null) rows.push([isOver ? 'Ran' : 'Runs', lastingText(job, offset, now, { leftAt })]);
  if (executed !== null) rows.push(['In ComfyUI', stopwatchText(executed * 1000)]);
  if (isOver) rows.push(['Total', spanBetween(job.createdAt, job.completedAt)]);
  rows.push(
    ['Worker', [job.workerId, detail?.hostId].filter(Boolean).join(' on ') || UNKNOWN],
    ['Priority', PRIORITY_WORDS[job.priority ?? -1] ?? UNKNOWN],
    ['Attempt', detail?.attempt ? String(detail.attempt) : UNKNOWN],
  );
  return (
    <dl className={styles.facts} aria-label="What happened when">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {detail?.givenBack && (
        <div>
          <dt>Given back</dt>
          <dd>{cut(detail.givenBack, 300)}</dd>
        </div>
      )}
    </dl>
  );
}
