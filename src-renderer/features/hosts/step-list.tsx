import { Checkbox } from '@mantine/core';
import type { DeployView, StepView } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { useLookOver } from '../../live/deploy-verbs.ts';
import { isSkippable, skippedIn, stepTone, stepWord } from './deploy-words.ts';
import styles from './hosts.module.css';

const HEADINGS = { deploy: 'The plan', rollback: 'Going back', uninstall: 'Removing' } as const;

/** The plan, with exactly what would be run, and what became of each step. */
export function StepList({ view }: { view: DeployView }) {
  return (
    <section aria-label={`${HEADINGS[view.act]}: ${cut(view.name, 100)}`}>
      <h3 className={styles.heading}>{HEADINGS[view.act]}</h3>
      <ol className={styles.steps}>
        {view.steps.map((step) => (
          <Step key={step.id} step={step} view={view} />
        ))}
      </ol>
    </section>
  );
}

function Step({ step, view }: { step: StepView; view: DeployView }) {
  const open = step.state !== 'done' && step.state !== 'finished' && step.state !== 'skipped';
  return (
    <li className={styles.step} data-state={step.state}>
      <div className={styles.stepHead}>
        <span className={styles.stepTitle}>{step.title}</span>
        <StateMark tone={stepTone(step)} word={stepWord(step)} />
      </div>
      {/* Why it was needed is no longer true once it is done. */}
      {step.state !== 'finished' && <p className={styles.why}>{cut(step.why, 600)}</p>}
      {step.problem?.remedy && <p className={styles.remedy}>{cut(step.problem.remedy, 600)}</p>}
      {open && step.commands.length > 0 && (
        <pre className={styles.commands}>
          {step.asRoot && <span className={styles.root}>as root:{'\n'}</span>}
          {step.commands.join('\n')}
        </pre>
      )}
      <Skip step={step} view={view} />
    </li>
  );
}

function Skip({ step, view }: { step: StepView; view: DeployView }) {
  const look = useLookOver();
  const open = step.state === 'needed' || step.state === 'blocked' || step.state === 'skipped';
  // A way that is in place may still lead nowhere from the GPU host: the check says so, and the host goes on without.
  const mayFail = step.id === 'delivery' && view.phase !== 'done';
  const offered = open || (mayFail && (step.state === 'done' || step.state === 'finished'));
  if (!offered || !isSkippable(step) || view.act !== 'deploy') return null;
  const { id } = step;
  const skipped = step.state === 'skipped';
  const others = skippedIn(view).filter((one) => one !== id);
  return (
    <Checkbox
      mt={4}
      size="xs"
      label={`Leave “${step.title}” out`}
      checked={skipped}
      disabled={
        view.phase === 'running' || view.phase === 'stopping' || view.phase === 'looking' || look.isPending
      }
      onChange={() => look.mutate({ targetId: view.targetId, skip: skipped ? others : [...others, id] })}
    />
  );
}
