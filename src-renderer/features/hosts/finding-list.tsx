import type { DeployView } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import styles from './hosts.module.css';

/** What the look over a machine found, in words. */
export function FindingList({ view: { name, findings } }: { view: Pick<DeployView, 'name' | 'findings'> }) {
  return (
    <section aria-label={`What was found on ${cut(name, 100)}`}>
      <h3 className={styles.heading}>What was found</h3>
      <dl className={styles.findings}>
        {findings.map(({ label, value, tone, note }) => (
          <div key={label} className={styles.finding}>
            <dt>
              <span style={{ color: toneColor(tone) }}>
                <ToneIcon tone={tone} size="0.875rem" />
              </span>
              {label}
            </dt>
            <dd>
              {cut(value, 200)}
              {note && <span className={styles.note}>{cut(note, 300)}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
