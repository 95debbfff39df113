import { Button, Drawer, Group } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useRef, useState } from 'react';
import type { ErrorInfo, FoundJob, JobDetail, JobSummary } from '../../../src-main/api/types.ts';
import { causeOfFailure, FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import {
  clockText,
  countText,
  cut,
  plural,
  sizeText,
  spanText,
  stopwatchText,
  UNKNOWN,
} from '../../components/format.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { toLocal, useNow } from '../../live/clock.ts';
import { useLeftAt } from '../../live/finishing.ts';
import { useFoundJob, useJobDetail, usePrompts } from '../../live/job-detail.ts';
import { askToInterrupt, ownerOf, PRIORITY_WORDS, useCancel, useRequeue } from '../../live/job-verbs.ts';
import { nameOf } from '../../live/names.ts';
import { isReached } from '../../live/reached.ts';
import { startsText } from '../../live/starts.ts';
import { useLive } from '../../live/store.ts';
import { useTakeBack } from '../../live/take-back.ts';
import styles from './job-drawer.module.css';
import { JobOutputs } from './job-outputs.tsx';
import { lastingText, STATUS_WORDS } from './job-words.ts';
import { closeJob, openJob, useOpenJob } from './open-job.ts';

/**
 * Everything about one job: what happened when, why it failed and what mends it, what it was, what it made.
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

/** Where the job stands among those shown, and the way to the one before and after. */
function Neighbours({ jobId, order }: { jobId: string; order: readonly JobSummary[] }) {
  const at = order.findIndex(({ id }) => id === jobId);
  const before = at > 0 ? order[at - 1]?.id : undefined;
  const after = at >= 0 ? order[at + 1]?.id : undefined;
  useHotkeys([
    ['alt+ArrowUp', () => before !== undefined && openJob(before)],
    ['alt+ArrowDown', () => after !== undefined && openJob(after)],
  ]);
  return (
    <Group gap="xs" mb="sm">
      <Neighbour label="Job before" keys="Alt+ArrowUp" jobId={before} />
      <Neighbour label="Job after" keys="Alt+ArrowDown" jobId={after} />
      <span className={styles.dim} style={{ fontSize: '0.8125rem' }}>
        {at < 0 ? 'not among the jobs shown' : `${countText(at + 1)} of ${plural(order.length, 'job')} shown`}
      </span>
    </Group>
  );
}

/** At the end it stays where it is, or whoever stands on it with the keys would fall out of the drawer. */
function Neighbour(props: { label: string; keys: string; jobId: string | undefined }) {
  const { label, keys, jobId } = props;
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-keyshortcuts={keys}
      aria-disabled={jobId === undefined}
      data-disabled={jobId === undefined || undefined}
      onClick={() => jobId !== undefined && openJob(jobId)}
    >
      {label}
    </Button>
  );
}

function Body({ job }: { job: JobSummary }) {
  const isOver = job.status !== 'pending' && job.status !== 'running';
  const { detail, error } = useJobDetail(job.id, isOver);
  const { word, tone } = STATUS_WORDS[job.status];
  return (
    <div className={styles.body}>
      <StateMark tone={tone} word={word} />
      <Acts job={job} />
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

function Acts({ job }: { job: JobSummary }) {
  const cancel = useCancel();
  const requeue = useRequeue();
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
  const ended = job.status === 'failed' || job.status === 'cancelled';
  return (
    <Group gap="xs">
      {job.queue === 'pending' && (
        <Button
          size="compact-sm"
          variant="default"
          disabled={!reached}
          onClick={() => cancel.mutate({ job })}
        >
          Cancel
        </Button>
      )}
      {job.status === 'running' && (
        <Button
          size="compact-sm"
          variant="default"
          disabled={!reached}
          onClick={() => askToInterrupt(job, () => cancel.mutate({ job }))}
        >
          Interrupt…
        </Button>
      )}
      {ended && (
        <Button size="compact-sm" disabled={!reached} onClick={() => requeue.mutate({ job })}>
          Requeue {ownerOf(job)}’s job
        </Button>
      )}
    </Group>
  );
}

/** The error in the words of those who must mend it; what the machine said stays below. */
function Failure({ text }: { text: string | null }) {
  const failure = causeOfFailure(text);
  const { name, means, step } = FAILURE_CAUSES[failure.cause];
  return (
    <section aria-label="Why it failed" className={styles.failure}>
      <b>{`${name}${failure.about === null ? '' : `: ${cut(failure.about, 120)}`}`}</b>
      <p>
        {means} <b>{step}</b>
      </p>
      {text && (
        <details>
          <summary>What was reported</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keyboard too. */}
          <pre className={styles.raw} tabIndex={0}>
            {text}
          </pre>
        </details>
      )}
    </section>
  );
}

function Timeline({ job, detail }: { job: JobSummary; detail: JobDetail | undefined }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const now = useNow();
  const leftAt = useLeftAt(job);
  const at = (time: number | null) => {
    const local = toLocal(time, offset);
    return local === null ? UNKNOWN : clockText(local, now);
  };
  const waited = job.createdAt !== null && job.startedAt !== null ? job.startedAt - job.createdAt : null;
  const rows: [string, string][] = [
    ['Submitted', at(job.createdAt)],
    [
      'Started',
      job.startedAt === null
        ? ['not yet', startsText(job, now)].filter(Boolean).join(', ')
        : `${at(job.startedAt)}${waited === null ? '' : `, after ${stopwatchText(Math.max(0, waited))}`}`,
    ],
    ['Ended', job.completedAt === null ? (job.status === 'running' ? 'runs' : UNKNOWN) : at(job.completedAt)],
    ['Lasting', lastingText(job, offset, now, { leftAt })],
    ['Worker', [job.workerId, detail?.hostId].filter(Boolean).join(' on ') || UNKNOWN],
    ['Priority', PRIORITY_WORDS[job.priority ?? -1] ?? UNKNOWN],
    ['Attempt', detail?.attempt ? String(detail.attempt) : UNKNOWN],
  ];
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

function Workflow({ job, detail }: { job: JobSummary; detail: JobDetail }) {
  const rows: [string, string][] = [
    ['Models', detail.models.join(', ')],
    ['Sizes', detail.sizes.join(', ')],
    ['Nodes', detail.nodeTypes.join(', ')],
    ['Warnings', detail.warnings.join(' ')],
  ];
  return (
    <section aria-label="Workflow">
      <h3 className={styles.heading}>{`Workflow, ${sizeText(job.sizeBytes)}`}</h3>
      <dl className={styles.facts}>
        {rows
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{cut(value, 600)}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

/** What a participant wrote is theirs: it is read only when somebody opens it. */
function Prompts({ jobId }: { jobId: string }) {
  const [open, setOpen] = useState(false);
  const { prompts, error } = usePrompts(jobId, open);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>What the participant wrote</summary>
      {error && <p className={styles.problem}>{error.message}</p>}
      {prompts && (prompts.length === 0 ? <p className={styles.dim}>No text was found.</p> : null)}
      {prompts?.map(({ nodeId, input, nodeType, text }) => (
        <div key={`${nodeId}/${input}`}>
          <div className={styles.dim}>{`${cut(nodeType, 60)}, ${cut(input, 60)}`}</div>
          <p className={styles.prompt}>{text}</p>
        </div>
      ))}
      {prompts && prompts.length > 0 && <div className={styles.dim}>{plural(prompts.length, 'text')}</div>}
    </details>
  );
}
