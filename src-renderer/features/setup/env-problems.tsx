import { Button, Checkbox, PasswordInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { ImportDraft } from '../../../src-main/api/types.ts';
import { RemedyButton } from '../../components/remedies/remedy-button.tsx';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import type { EnvChoices } from '../../live/setup-verbs.ts';
import styles from './setup.module.css';

type Problem = ImportDraft['review']['problems'][number];

/** What is wrong with the file, with the way out beside it; what blocks comes first. */
export function EnvProblems(props: {
  problems: readonly Problem[];
  draft: Pick<ImportDraft, 'id' | 'mendable'>;
  accepted: readonly string[];
  busy: boolean;
  change: (next: Partial<Omit<EnvChoices, 'id'>>) => void;
}) {
  const { problems, accepted } = props;
  if (problems.length === 0) return <p className={styles.text}>Nothing is wrong with it.</p>;
  return (
    <ul className={styles.list} aria-label="What is wrong">
      {problems.map((problem) => {
        const tone = problem.accepted ? 'ok' : problem.blocking ? 'fail' : 'warn';
        return (
          <li key={problem.id} style={{ '--tone': toneColor(tone) } as React.CSSProperties}>
            <ToneIcon tone={tone} size="1rem" />
            <div className={styles.wide}>
              <span>
                {!problem.sentence.includes(problem.key) && <code>{problem.key}</code>} {problem.sentence}
              </span>
              {problem.fix && (
                <Checkbox
                  mt={4}
                  label={problem.fix.label}
                  checked={accepted.includes(problem.id)}
                  disabled={props.busy}
                  onChange={(event) =>
                    props.change({
                      accepted: event.currentTarget.checked
                        ? [...accepted, problem.id]
                        : accepted.filter((id) => id !== problem.id),
                    })
                  }
                />
              )}
              {problem.ask && (
                <Ask
                  problem={problem}
                  busy={props.busy}
                  enter={(value) => props.change({ values: { [problem.key]: value } })}
                />
              )}
              {problem.mend && (
                <Mend
                  problem={problem}
                  mend={problem.mend}
                  draft={props.draft}
                  mended={() => props.change({})}
                />
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

const MEND: Record<NonNullable<Problem['mend']>, string> = {
  'open-redis': 'Set it and restart Redis…',
  'set-env-key': 'Correct it on the VPS…',
  'open-folder': 'Make the folder…',
};

/** Mends it on the VPS where that is known from here, and else says what makes it known. */
function Mend(props: {
  problem: Problem;
  mend: NonNullable<Problem['mend']>;
  draft: Pick<ImportDraft, 'id' | 'mendable'>;
  mended: () => void;
}) {
  const { problem, mend, draft, mended } = props;
  if (!draft.mendable.includes(mend))
    return (
      <p className={styles.text}>
        {draft.mendable.length === 0
          ? 'Read the file from the VPS itself, with “Look for it on the VPS”: then this is mended from here.'
          : 'Once Tailscale runs on the VPS, this is mended from here: see its link above, then read the file again.'}
      </p>
    );
  return (
    <div className={styles.mend}>
      <RemedyButton
        at={{ machineId: 'vps', remedy: mend, draftId: draft.id, subject: problem.key }}
        label={problem.id.endsWith('/placeholder') ? 'Give it a new one…' : MEND[mend]}
        mended={mended}
      />
    </div>
  );
}

function Ask({ problem, busy, enter }: { problem: Problem; busy: boolean; enter: (value: string) => void }) {
  const [value, setValue] = useState('');
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (value !== '') enter(value);
    setValue('');
  };
  return (
    <form onSubmit={send} className={styles.row}>
      <PasswordInput
        label={`Value of ${problem.key}`}
        value={value}
        autoComplete="off"
        onChange={(event) => setValue(event.currentTarget.value)}
        className={styles.wide}
      />
      <Button type="submit" variant="light" loading={busy}>
        Take it
      </Button>
    </form>
  );
}
