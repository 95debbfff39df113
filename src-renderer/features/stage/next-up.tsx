import { Anchor } from '@mantine/core';
import { memo, useMemo } from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { countText, cut, spanText, UNKNOWN } from '../../components/format.ts';
import { showJobs } from '../../components/navigate.ts';
import { Panel } from '../../components/panel.tsx';
import { Person } from '../../components/person.tsx';
import { jobStartText } from '../../components/start-words.ts';
import { toLocal, useClock } from '../../live/clock.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { isReached } from './facts.ts';
import { nextInLine } from './next-in-line.ts';
import styles from './next-up.module.css';

const SHOWN = 8;

/** Who is next, with how long they have waited. */
export function NextUp() {
  const stale = useLive((state) => !isReached(state));
  return (
    <Panel
      title="Next up"
      stale={stale}
      aside={
        <Anchor component="button" type="button" className={styles.all} onClick={() => showJobs('pending')}>
          All waiting jobs
        </Anchor>
      }
    >
      <Rows />
    </Panel>
  );
}

function Rows() {
  const ids = useOrder();
  const counts = useLive((state) => state.counts);
  if (ids === '') return <Nobody known={counts !== null} waiting={counts?.pending ?? 0} />;
  return (
    <ol className={styles.list} title="In the order in which they are expected to start">
      {ids.split(' ').map((id, at) => (
        <Row key={id} id={id} place={at + 1} />
      ))}
    </ol>
  );
}

/** The ids of the rows, joined: they change only when this list does, while versions change with every job. */
function useOrder(): string {
  const waits = useLive((state) => state.waits);
  const control = useLive((state) => state.control);
  const version = useLive((state) => state.jobsVersion);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that jobs changed.
  return useMemo(
    () => nextInLine({ jobs: liveStore.getState().jobs, control, waits }, SHOWN).join(' '),
    [waits, control, version],
  );
}

const Row = memo(function Row({ id, place }: { id: string; place: number }) {
  const job = useLive(({ jobs }) => jobs.get(id));
  const offset = useLive((state) => state.clockOffsetMs);
  const mark = useLive(({ control }) => markOf(job, control));
  const waited = useClock((now) => {
    const since = toLocal(job?.createdAt, offset);
    const state = liveStore.getState();
    const reached = isReached(state);
    const starts = reached ? jobStartText(state.waits, id, now) : undefined;
    const until = reached ? now : (state.queueAt ?? now);
    return starts ?? (since === null ? UNKNOWN : `waits ${spanText(until - since)}`);
  });
  if (!job) return null;
  return (
    <li className={styles.row}>
      <span className={styles.place}>{place}</span>
      <span className={styles.user}>
        <Person userId={job.userId} />
      </span>
      <span className={styles.kind}>
        {mark && <span className={styles.tag}>{mark} · </span>}
        {cut(job.kind, 60)}
      </span>
      <span className={styles.wait}>{waited}</span>
    </li>
  );
});

function markOf(
  job: JobSummary | undefined,
  control: { heldUsers: string[]; nextTurn: string | null } | null,
): string | undefined {
  if (!job) return undefined;
  if (control?.heldUsers.includes(job.userId)) return 'held';
  if (control?.nextTurn === job.userId) return 'next turn';
  if (job.priority === 0) return 'instructor';
  return job.priority === 1 ? 'high' : undefined;
}

function Nobody({ known, waiting }: { known: boolean; waiting: number }) {
  const reached = useLive(isReached);
  if (!known) return <div className={styles.none}>Who waits is not known yet.</div>;
  if (waiting > 0)
    return <div className={styles.none}>{countText(waiting)} jobs wait; their list is being read.</div>;
  if (!reached)
    return (
      <div className={styles.none}>
        <strong>Nobody waited at last</strong>
        <span>Whoever submits meanwhile stands in the queue and appears here once Redis is reached.</span>
      </div>
    );
  return (
    <div className={styles.none}>
      <strong>Nobody waits</strong>
      <span>A job appears here the moment a participant submits it.</span>
    </div>
  );
}
