import { IconClockExclamation } from '@tabler/icons-react';
import { type ReactNode, useId } from 'react';
import { useClock } from '../live/clock.ts';
import { type LiveState, liveStore } from '../live/store.ts';
import { ageText } from './format.ts';
import styles from './panel.module.css';

/**
 * A framed part of a screen with a heading.
 * @param stale its figures are the last known of something that no longer reports: greyed, never blanked.
 */
export function Panel(props: {
  title: ReactNode;
  aside?: ReactNode;
  stale?: boolean;
  className?: string | undefined;
  children: ReactNode;
}) {
  const id = useId();
  const classes = [styles.panel, props.stale && styles.stale, props.className].filter(Boolean).join(' ');
  return (
    <section className={classes} aria-labelledby={id}>
      <header className={styles.head}>
        <h2 id={id} className={styles.title}>
          {props.title}
        </h2>
        <div className={styles.aside}>{props.aside}</div>
      </header>
      <div className={styles.body}>{props.children}</div>
    </section>
  );
}

/** A part of a panel that is greyed by itself; see `Panel`. */
export function PanelPart(props: { stale: boolean; className?: string | undefined; children: ReactNode }) {
  return (
    <div className={[props.stale && styles.last, props.className].filter(Boolean).join(' ')}>
      {props.children}
    </div>
  );
}

/** How old figures are: nothing while fresh, else "5 s ago". `read` tells from when they are, local epoch ms. */
export function Age({ read }: { read: (state: LiveState) => number | null }) {
  const text = useClock((now) => ageText(read(liveStore.getState()), now));
  if (!text) return null;
  return (
    <span className={styles.age}>
      <IconClockExclamation size="0.875rem" aria-hidden style={{ verticalAlign: '-2px', marginRight: 4 }} />
      {text}
    </span>
  );
}
