import { Anchor } from '@mantine/core';
import { memo } from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { countText, cut, spanText, UNKNOWN } from '../../components/format.ts';
import { showJobs } from '../../components/navigate.ts';
import { Panel } from '../../components/panel.tsx';
import { Person } from '../../components/person.tsx';
import { toLocal, useClock } from '../../live/clock.ts';
import { modeOf } from '../../live/queue-mode.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { jobStartText } from './estimate-start.ts';
import { isReached } from './facts.ts';
import styles from './next-up.module.css';

const SHOWN = 8;

/** Who is next, with how long they have waited. */
export function NextUp() {
  const stale = useLive((state) => !isReached(state));
  // In turns, the order among users is the agent's to decide at the moment of the claim; ours is by submission.
  const turns = useLive((state) => ['round_robin', 'fair', 'mixed'].includes(modeOf(state) ?? ''));
  return (
    <Panel
      title={turns ? 'Waiting, oldest first' : 'Next up'}
      stale={stale}
      aside={
        <Anchor component="button" type="button" className={styles.all} onClick={() => showJobs('pending')}>
          All waiting jobs
        </Anchor>
      }
    >
      <Rows turns={turns} />
    </Panel>
  );
}

function Rows({ turns }: { turns: boolean }) {
  // The version changes with every job; the joined ids only when this list does.
  const ids = useLive(({ jobs }) =>
    jobs
      .firstWaiting(SHOWN)
      .map(({ id }) => id)
      .join(' '),
  );
  const counts = useLive((state) => state.counts);
  if (ids === '') return <Nobody known={counts !== null} waiting={counts?.pending ?? 0} />;
  return (
    <ol
      className={styles.list}
      title={turns ? 'Turns are shared between users, so the order of starting may differ.' : undefined}
    >
      {ids.split(' ').map((id, at) => (
        <Row key={id} id={id} place={at + 1} />
      ))}
    </ol>
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
  if (!known) return <div className={styles.none}>Who waits is not known yet.</div>;
  if (waiting > 0)
    return <div className={styles.none}>{countText(waiting)} jobs wait; their list is being read.</div>;
  return (
    <div className={styles.none}>
      <strong>Nobody waits</strong>
      <span>A job appears here the moment a participant submits it.</span>
    </div>
  );
}
