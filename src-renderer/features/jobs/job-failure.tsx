import { Button } from '@mantine/core';
import { causeOfFailure, FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { cut } from '../../components/format.ts';
import styles from './job-drawer.module.css';
import { mendingPlace } from './mending-place.ts';
import { closeJob } from './open-job.ts';

/** The error in the words of those who must mend it; what the machine said stays below. */
export function Failure({ text }: { text: string | null }) {
  const failure = causeOfFailure(text);
  const place = mendingPlace(failure.cause);
  const { name, means, step } = FAILURE_CAUSES[failure.cause];
  return (
    <section aria-label="Why it failed" className={styles.failure}>
      <b>{`${name}${failure.about === null ? '' : `: ${cut(failure.about, 120)}`}`}</b>
      <p>
        {means} <b>{step}</b>
      </p>
      {place && (
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            closeJob();
            place.go();
          }}
        >
          {place.label}
        </Button>
      )}
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
