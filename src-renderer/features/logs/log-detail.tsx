import type { LogLine } from '../../../src-main/api/types.ts';
import { countText, plural } from '../../components/format.ts';
import { Found } from './log-list.tsx';
import styles from './logs.module.css';

/** One line in full. */
export function LogDetail({ line, search }: { line: LogLine; search: string }) {
  const facts = [
    line.level,
    line.at === null
      ? 'written before this console looked, time not known'
      : `${new Date(line.at).toLocaleString('en-GB')}${line.came ? ', when it came to this laptop' : ''}`,
    line.cut > 0 && `${countText(line.cut)} more characters were cut off`,
    line.hidden > 0 && `${plural(line.hidden, 'secret')} hidden`,
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long line scrolls in here, also by keys.
    <section className={styles.detail} aria-label="The chosen line" tabIndex={0}>
      <div className={styles.facts}>{facts.filter(Boolean).join(' · ')}</div>
      <pre className={styles.whole}>
        <Found text={line.text} search={search} />
      </pre>
    </section>
  );
}
