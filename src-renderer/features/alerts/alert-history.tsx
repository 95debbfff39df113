import type { AlertRecord } from '../../../src-main/api/types.ts';
import { clockText, spanText } from '../../components/format.ts';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useAlertHistory, useAlertRules } from '../../live/alert-verbs.ts';
import { useNow } from '../../live/clock.ts';
import { useLive } from '../../live/store.ts';
import styles from './alerts-drawer.module.css';

/** What there was, newest first, also before this console was started. */
export function AlertHistory() {
  const now = useNow();
  const marker = useLive(({ alerts }) => (alerts?.alerts ?? []).map(({ id }) => id).join('\n'));
  const records = useAlertHistory(marker);
  const rules = useAlertRules();
  if (!records) return <p className={styles.empty}>Reading what was.</p>;
  const shown = lastWords(records);
  if (shown.length === 0)
    return <p className={styles.empty}>There has been no alert in this workshop yet.</p>;
  return (
    <ul className={styles.history} aria-label="Earlier alerts">
      {shown.map((record) => (
        <li key={record.id}>
          <time className={styles.when}>{clockText(record.at - (record.stoodMs ?? 0), now)}</time>
          <span style={{ color: toneColor(record.severity) }}>
            <ToneIcon tone={record.severity} size="0.875rem" />
          </span>
          <div>
            <b>{rules?.find(({ id }) => id === record.rule)?.title ?? 'Alert'}</b>{' '}
            <span className={styles.when}>
              {record.stoodMs === null ? 'still stands' : `stood ${spanText(record.stoodMs)}`}
            </span>
            <p className={styles.text}>{record.text}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** One line for each alert: the newest word on it. */
function lastWords(records: readonly AlertRecord[]): AlertRecord[] {
  const seen = new Set<string>();
  return records.filter(({ id }) => !seen.has(id) && seen.add(id));
}
