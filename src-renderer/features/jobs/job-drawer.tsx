import { Button, Drawer } from '@mantine/core';
import { useRef } from 'react';
import type { ErrorInfo, FoundJob, JobSummary } from '../../../src-main/api/types.ts';
import { cut, spanText } from '../../components/format.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { useFoundJob, useJobDetail } from '../../live/job-detail.ts';
import { nameOf } from '../../live/names.ts';
import { isReached } from '../../live/reached.ts';
import { useLive } from '../../live/store.ts';
import { useTakeBack } from '../../live/take-back.ts';
import { JobActButtons } from './job-act-buttons.tsx';
import styles from './job-drawer.module.css';
import { Failure } from './job-failure.tsx';
import { Neighbours } from './job-neighbours.tsx';
import { JobOutputs } from './job-outputs.tsx';
import { JobProgress } from './job-progress.tsx';
import { Timeline } from './job-timeline.tsx';
import { STATUS_WORDS } from './job-words.ts';
import { Prompts, Workflow } from './job-workflow.tsx';
import { closeJob, useOpenJob } from './open-job.ts';

/**
 * Everything about one job: how far it is, what happened when, why it failed and what mends it, what it was, what it
 * made.
 * @param order The jobs as the table shows them; Alt with an arrow key goes to the neighbour.
 */
export function JobDrawer({ order }: { order: readonly JobSummary[] }) {
  const jobId = useOpenJob((state) => state.jobId);
  const listed = useLive(({ jobs, jobsVersion }) =>
    jobId === null || jobsVersion < 0 ? undefined : jobs.get(jobId),
  );
  const lookedUp = useFoundJob(jobId ?? '', jobId !== null && !listed);
  const found = listed ? undefined : lookedUp.found;
  const job = listed ?? (found?.kind === 'job' ? found.job : undefined);
  // Who cancels the job that is open goes on reading whose it was.
  const last = useRef(job);
  if (job) last.current = job;
  const titled = job ?? (last.current?.id === jobId ? last.current : undefined);
  return (
    <Drawer
      opened={jobId !== null}
      onClose={closeJob}
      // The table leads the focus to the row of the job that was last shown.
      returnFocus={false}
      position="right"
      size="34rem"
      title={titled ? `${nameOf(titled.userId)} · ${cut(titled.kind, 60)}` : 'Job'}
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { fontWeight: 650, overflowWrap: 'anywhere' } }}
    >
      {jobId !== null && <Neighbours jobId={jobId} order={order} />}
      {jobId !== null &&
        (job ? (
          <Body key={jobId} job={job} />
        ) : (
          <NotListed jobId={jobId} found={found} error={lookedUp.error} />
        ))}
    </Drawer>
  );
}

/** A job without a record: cancelled a moment ago, with the way back, or deleted for good. */
function NotListed(props: { jobId: string; found: FoundJob | undefined; error: ErrorInfo | undefined }) {
  const { jobId, found, error } = props;
  const back = useTakeBack();
  const reached = useLive(isReached);
  if (error)
    return (
      <p className={styles.problem} role="status">
        {error.message} {error.remedy}
      </p>
    );
  if (!found) return <p className={styles.dim}>This job is looked up in Redis …</p>;
  if (found.kind !== 'withdrawn')
    return <p role="status">Redis holds no job of this id: it was deleted and cannot be taken back.</p>;
  return (
    <>
      <p role="status">
        This job was cancelled while it waited. It can be taken back into its old place for{' '}
        {spanText(found.leftMs)}.
      </p>
      <Button
        size="compact-sm"
        variant="default"
        disabled={!reached || back.isPending}
        onClick={() => back.mutate({ jobIds: [jobId] })}
      >
        Take back
      </Button>
    </>
  );
}

function Body({ job }: { job: JobSummary }) {
  const isOver = job.status !== 'pending' && job.status !== 'running';
  const { detail, error } = useJobDetail(job.id, isOver);
  const { word, tone } = STATUS_WORDS[job.status];
  return (
    <div className={styles.body}>
      <StateMark tone={tone} word={word} />
      <JobActButtons job={job} />
      {job.status === 'running' && <JobProgress job={job} />}
      {job.status === 'failed' && <Failure text={detail?.error ?? job.error} />}
      <Timeline job={job} detail={detail} />
      {error && (
        <p className={styles.problem} role="status">
          {error.message} {error.remedy}
        </p>
      )}
      {detail ? (
        <>
          <Workflow job={job} detail={detail} />
          <JobOutputs jobId={job.id} detail={detail} />
          <Prompts jobId={job.id} />
        </>
      ) : (
        !error && <p className={styles.dim}>The rest is being read …</p>
      )}
    </div>
  );
}
