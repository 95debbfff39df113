import { Button } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { TailState } from '../../../src-main/api/types.ts';
import { clockText, cut, spanText } from '../../components/format.ts';
import { RemedyButton } from '../../components/remedies/remedy-button.tsx';
import { useClock } from '../../live/clock.ts';
import styles from './logs.module.css';
import type { Sources } from './use-sources.ts';

/** Longest sentence from elsewhere, characters. */
const LONGEST = 300;

/** Says that a log does not come any more: since when, why, and what happens next. */
export function LostBanner(props: {
  state: Extract<TailState, { kind: 'lost' }>;
  some: boolean;
  machineId: string;
}) {
  const { state, some, machineId } = props;
  const since = useClock((now) => {
    const age = spanText(now - state.since);
    return `${some ? 'Nothing newer since' : 'Not reached since'} ${clockText(state.since, now)} (${age} ago).`;
  });
  return (
    <div className={styles.lost}>
      <IconPlugConnectedX size="1.25rem" aria-hidden />
      <span>
        <b>{since}</b> {cut(state.why, LONGEST)} {cut(state.remedy, LONGEST)}
        {some && ' Lines that are written meanwhile come later.'}
      </span>
      {state.forbidden && (
        <RemedyButton
          at={{ machineId, remedy: 'read-journal', draftId: null, subject: null }}
          label="Let them read it…"
        />
      )}
    </div>
  );
}

/** A log without lines to show. */
export function EmptyLog({ state, size, clear }: { state: TailState; size: number; clear: () => void }) {
  if (size > 0)
    return (
      <>
        <strong>No line matches</strong>
        <Button variant="default" onClick={clear}>
          Show all lines
        </Button>
      </>
    );
  if (state.kind === 'opening') return <strong>Opening the log …</strong>;
  if (state.kind === 'lost') return <strong>Nothing is known of this log yet.</strong>;
  return (
    <>
      <strong>Nothing written yet</strong>
      <span>The first line appears here the moment it is written.</span>
    </>
  );
}

/** No log to choose: none is there, or the machine cannot be asked. */
export function NoLogs({ sources }: { sources: Sources }) {
  const { machine, trouble, looking, lookAgain } = sources;
  const again = (
    <Button variant="default" onClick={lookAgain} loading={looking}>
      {trouble ? 'Try again' : 'Look again'}
    </Button>
  );
  if (trouble)
    return (
      <div className={styles.none}>
        <strong>The logs{machine ? ` on ${machine.name}` : ''} cannot be read now</strong>
        <span>{cut(trouble.message, LONGEST)}</span>
        {trouble.remedy && <span>{cut(trouble.remedy, LONGEST)}</span>}
        {again}
      </div>
    );
  if (looking || !machine)
    return (
      <div className={styles.none}>
        <strong>Looking for logs{machine ? ` on ${machine.name}` : ''} …</strong>
      </div>
    );
  return (
    <div className={styles.none}>
      <strong>No log on {machine.name} yet</strong>
      <span>The log of the agent appears here once it has run there, those of its workers with them.</span>
      {again}
    </div>
  );
}
