import { Button, Tooltip } from '@mantine/core';
import { IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { memo } from 'react';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useNow } from '../../live/clock.ts';
import { useHoldQueue } from '../../live/fleet-verbs.ts';
import { useLive } from '../../live/store.ts';
import { CountStepper } from './count-stepper.tsx';
import { describeStage } from './describe-stage.ts';
import { DrainMenu } from './drain-menu.tsx';
import { factsOf, isReached } from './facts.ts';
import { FitLine } from './fit-line.tsx';
import { NextStepButton } from './next-step-button.tsx';
import type { StageSentence } from './stage-sentence.ts';
import styles from './verb-bar.module.css';

/** The top of the Stage: what holds, in words, and the verbs beside it. */
export function VerbBar() {
  const now = useNow();
  const sentence = useLive((state) => JSON.stringify(describeStage(factsOf(state), now)));
  return <Bar sentence={sentence} />;
}

/** Renders anew only when the words change. */
const Bar = memo(function Bar({ sentence }: { sentence: string }) {
  const { tone, headline, details, next } = JSON.parse(sentence) as StageSentence;
  const set = useLive((state) => state.known && state.name !== null);
  const onlyHost = useLive(({ hostIds }) => (hostIds.length === 1 ? (hostIds[0] ?? null) : null));
  const someHost = useLive(({ hostIds }) => hostIds.length > 0);
  return (
    <section
      className={styles.bar}
      style={{ '--tone': toneColor(tone) } as React.CSSProperties}
      aria-label="State"
    >
      <div className={styles.words}>
        <span className={styles.icon}>
          <ToneIcon tone={tone} size="1.625rem" />
        </span>
        <div className={styles.sentence}>
          <p className={styles.headline} role="status" title={headline}>
            {headline}
          </p>
          <p className={styles.details} title={details.join(' ')}>
            {details.join(' ')}
          </p>
        </div>
        {next && next.kind !== 'release' && <NextStepButton step={next} />}
      </div>
      {set && someHost && (
        <div className={styles.steer}>
          <div className={styles.controls}>
            {onlyHost !== null && <CountStepper hostId={onlyHost} />}
            <DrainMenu />
            <HoldButton />
          </div>
          {onlyHost !== null && <FitLine hostId={onlyHost} />}
        </div>
      )}
    </section>
  );
});

function HoldButton() {
  const held = useLive(({ control }) => control?.held ?? false);
  const reached = useLive(isReached);
  const hold = useHoldQueue();
  return (
    <Tooltip
      label={
        !reached
          ? 'Redis is not reached now, so the queue can be neither held nor released.'
          : held
            ? 'Lets workers take jobs again.'
            : 'Running jobs go on; nothing new starts.'
      }
    >
      <Button
        w="10.75rem"
        px="sm"
        variant={held ? 'filled' : 'default'}
        leftSection={
          held ? <IconPlayerPlayFilled size="0.9375rem" /> : <IconPlayerPauseFilled size="0.9375rem" />
        }
        loading={hold.isPending}
        aria-disabled={!reached}
        data-disabled={!reached || undefined}
        onClick={() => reached && hold.mutate({ held: !held })}
      >
        {held ? 'Release queue' : 'Hold queue'}
      </Button>
    </Tooltip>
  );
}
