import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import styles from './setup.module.css';
import { nextStep, type SetupStep, type StepId } from './setup-steps.ts';

/** How far the way to a live Stage is gone; a press goes to the part of the page. */
export function StepBar({ steps, go }: { steps: readonly SetupStep[]; go: (step: StepId) => void }) {
  const next = nextStep(steps);
  return (
    <nav aria-label="Steps of the setup">
      <ol className={styles.bar}>
        {steps.map(({ id, title, done, detail }) => {
          const tone = done ? 'ok' : id === next ? 'warn' : done === null ? 'queued' : 'off';
          return (
            <li key={id} style={{ '--tone': toneColor(tone) } as React.CSSProperties}>
              <button
                type="button"
                className={styles.step}
                aria-current={id === next ? 'step' : undefined}
                title={detail}
                onClick={() => go(id)}
              >
                <ToneIcon tone={tone} size="1rem" />
                <span className={styles.stepTitle}>{title}</span>
                <span className={styles.stepDetail}>{detail}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
