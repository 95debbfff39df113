import { Button, Group } from '@mantine/core';
import { cut } from '../../components/format.ts';
import { goTo } from '../../components/navigate.ts';
import { SetUpButton } from '../../components/set-up-button.tsx';
import { useFoundJob } from '../../live/job-detail.ts';
import { nameOf } from '../../live/names.ts';
import { useLive } from '../../live/store.ts';
import { STATUS_WORDS } from './job-words.ts';
import styles from './jobs.module.css';
import { openJob } from './open-job.ts';

/**
 * Why no row is there, and what to do about it.
 * @param limit what the lists do not hold.
 * @param search what is searched for besides the filters.
 */
export function NoJob(props: {
  known: boolean;
  total: number;
  limit: string | undefined;
  search: string;
  clear: () => void;
}) {
  const { known, total, limit } = props;
  const isSet = useLive((state) => !state.known || state.name !== null);
  return (
    <div className={styles.none}>
      {!isSet ? (
        <>
          <strong>No workshop is set up on this laptop yet</strong>
          <SetUpButton />
        </>
      ) : !known ? (
        <strong>The jobs are not known yet.</strong>
      ) : total === 0 ? (
        <>
          <strong>No job yet</strong>
          <span>A job appears here the moment a participant submits it.</span>
        </>
      ) : (
        <>
          <strong>{limit ? 'No listed job matches' : 'No job matches'}</strong>
          <ById text={props.search} />
          {limit && <span>{limit}</span>}
          <Group gap="xs">
            <Button variant="default" onClick={props.clear}>
              Show all jobs
            </Button>
            {limit && (
              <Button variant="default" onClick={() => goTo('recap')}>
                Open the Recap
              </Button>
            )}
          </Group>
        </>
      )}
    </div>
  );
}

/** A whole job id that no list holds is looked up in Redis. */
function ById({ text }: { text: string }) {
  const id = text.trim();
  const whole = WHOLE_ID.test(id);
  const { found, error } = useFoundJob(id, whole);
  if (!whole) return null;
  if (error) return <span role="status">{error.message}</span>;
  if (!found) return <span role="status">Redis is asked for this job id …</span>;
  if (found.kind === 'gone') return <span role="status">Redis holds no job of this id either.</span>;
  const words =
    found.kind === 'job'
      ? `${nameOf(found.job.userId)} · ${cut(found.job.kind, 60)}, ${STATUS_WORDS[found.job.status].word}: no list reaches it, but Redis holds it.`
      : 'A job of this id was cancelled a moment ago and can still be taken back.';
  return (
    <>
      <span role="status">{words}</span>
      <Button onClick={() => openJob(id)}>Open this job</Button>
    </>
  );
}

/** The platform's ids are uuids; any whole id that could be one is worth a question. */
const WHOLE_ID = /^[a-zA-Z0-9_.-]{20,100}$/;
