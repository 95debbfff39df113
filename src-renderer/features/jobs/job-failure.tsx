import { causeOfFailure, FAILURE_CAUSES } from '../../../worker-agent/src/contract/failure-cause.ts';
import { cut } from '../../components/format.ts';
import styles from './job-drawer.module.css';

/** The error in the words of those who must mend it; what the machine said stays below. */
export function Failure({ text }: { text: string | null }) {
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
