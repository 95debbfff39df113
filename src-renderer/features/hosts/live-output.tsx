import { useEffect, useRef, useState } from 'react';
import type { DeployView } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import styles from './hosts.module.css';

/** What the commands print, folded; it follows the newest line unless the reader has scrolled up. */
export function LiveOutput({ lines }: { lines: DeployView['output'] }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const last = lines.at(-1)?.n;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new line moves the end.
  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [last, open]);
  if (lines.length === 0) return null;
  return (
    <details className={styles.fold} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Output of the commands ({plural(lines.length, 'line')})</summary>
      {open && (
        <div
          role="log"
          ref={box}
          className={styles.output}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keys must reach it.
          tabIndex={0}
          aria-label="Output of the commands"
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            atEnd.current = scrollHeight - scrollTop - clientHeight < 8;
          }}
        >
          {lines.map(({ n, text }) => (
            <span key={n}>
              {text}
              {'\n'}
            </span>
          ))}
        </div>
      )}
    </details>
  );
}
