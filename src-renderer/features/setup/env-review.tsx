import { Button, Group, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import type { ImportDraft, WorkshopProfile } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import {
  type EnvChoices,
  useAdoptImport,
  useChooseEnv,
  useProveRedis,
  useWriteEnv,
} from '../../live/setup-verbs.ts';
import { EnvEntries } from './env-entries.tsx';
import { EnvProblems } from './env-problems.tsx';
import { useImport } from './import-store.ts';
import styles from './setup.module.css';

/** The plan of an import: faults first, then every key, then where it goes, and what came of it. */
export function EnvReview({ draft, profile }: { draft: ImportDraft; profile: WorkshopProfile }) {
  const { accepted, receipt, proof } = useImport();
  const choose = useChooseEnv((next) => useImport.setState({ draft: next, receipt: null, proof: null }));
  const write = useWriteEnv((done) => {
    useImport.setState({ receipt: done });
    prove.mutate({ id: draft.id });
  });
  const prove = useProveRedis((found) => useImport.setState({ proof: found }));
  const adopt = useAdoptImport();
  const target = draft.target && { hostId: draft.target.hostId, path: draft.target.path };
  const change = (next: Partial<Omit<EnvChoices, 'id'>>) => {
    const choices = { id: draft.id, accepted, values: {}, target, ...next };
    useImport.setState({ accepted: choices.accepted });
    choose.mutate(choices);
  };
  const { review } = draft;
  const open = review.problems.filter(({ blocking, accepted: taken }) => blocking && !taken).length;
  return (
    <div>
      <p className={styles.text}>
        Read from {draft.source}.{' '}
        {review.redis
          ? `The GPU host will reach Redis at ${review.redis.host}:${review.redis.port}.`
          : 'It is not known yet how the GPU host reaches Redis.'}{' '}
        {draft.notice}
      </p>
      <EnvProblems
        problems={review.problems}
        draft={draft}
        accepted={accepted}
        busy={choose.isPending}
        change={change}
      />
      <EnvEntries draft={draft} />
      <Destination
        draft={draft}
        profile={profile}
        written={receipt !== null}
        choose={(to) => change({ target: to })}
      />
      <Group mt="sm">
        <Button
          variant={receipt ? 'default' : 'filled'}
          disabled={!review.ready || draft.target === null}
          loading={write.isPending || prove.isPending}
          onClick={() => write.mutate({ id: draft.id })}
        >
          Write it to the GPU host and test Redis from there
        </Button>
        <Button
          variant={receipt ? 'filled' : 'default'}
          disabled={review.redis === null || open > 0}
          loading={adopt.isPending}
          onClick={() => adopt.mutate({ draftId: draft.id, id: profile.id })}
        >
          Connect this console to this Redis
        </Button>
        {proof && !proof.passed && (
          <Button variant="default" loading={prove.isPending} onClick={() => prove.mutate({ id: draft.id })}>
            Test again
          </Button>
        )}
      </Group>
      {open > 0 && <p className={styles.text}>{`${plural(open, 'fault')} above must be mended first.`}</p>}
      {receipt && (
        <p className={styles.text} role="status">
          {`Written to ${receipt.path} on ${receipt.where}, readable by its owner only; ${plural(receipt.changed, 'key')} changed.`}{' '}
          {receipt.backup === null ? '' : `What stood there is kept as ${receipt.backup}.`}
        </p>
      )}
      {proof && (
        <ol className={styles.list} aria-label="Test of Redis from the GPU host">
          {proof.steps.map(({ name, kind, sentence, remedy, micros }) => {
            const tone = kind === 'passed' ? 'ok' : kind === 'failed' ? 'fail' : 'off';
            return (
              <li key={name} style={{ '--tone': toneColor(tone) } as React.CSSProperties}>
                <ToneIcon tone={tone} size="1rem" />
                <span>
                  {sentence} {micros === null ? '' : `${(micros / 1000).toFixed(1)} ms.`} {remedy}
                </span>
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}

function Destination(props: {
  draft: ImportDraft;
  profile: WorkshopProfile;
  /** The file stands there now; what came of it is said below. */
  written: boolean;
  choose: (target: EnvChoices['target']) => void;
}) {
  const { draft, profile } = props;
  const [hostId, setHostId] = useState(draft.target?.hostId ?? '');
  if (profile.gpuHosts.length === 0)
    return <p className={styles.text}>Add a GPU host above; the file is then written there.</p>;
  return (
    <div className={styles.destination}>
      <NativeSelect
        label="Goes to"
        data={[
          { value: '', label: 'Choose the GPU host' },
          ...profile.gpuHosts.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        value={hostId}
        onChange={(event) => {
          const id = event.currentTarget.value;
          setHostId(id);
          props.choose(id === '' ? null : { hostId: id, path: '' });
        }}
      />
      {draft.target && (
        <p className={styles.text}>
          {draft.target.path}
          {props.written
            ? ' is written.'
            : draft.target.exists
              ? ' exists: it is kept with a date in its name, and the differences stand above.'
              : ' does not exist yet.'}
        </p>
      )}
    </div>
  );
}
