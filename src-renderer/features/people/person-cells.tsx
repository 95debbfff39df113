import { countText, plural, spanText, UNKNOWN } from '../../components/format.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { toLocal, useClock } from '../../live/clock.ts';
import { liveStore, useLive } from '../../live/store.ts';
import styles from './people.module.css';
import { type PersonRow, waitText } from './people-rows.ts';

/** What stands in the row of a person, cell by cell. */

/** What the host ordered about them. */
export function Marks({ row }: { row: PersonRow }) {
  if (!row.held && !row.nextTurn) return null;
  return (
    <span className={styles.marks}>
      {row.held && <StateMark tone="warn" word="held" />}
      {row.nextTurn && <StateMark tone="busy" word="next turn" />}
    </span>
  );
}

function Count({ value, least }: { value: number; least?: boolean }) {
  return (
    <span className={value === 0 ? styles.faint : undefined}>
      {countText(value)}
      {least && '+'}
    </span>
  );
}

const AT_LEAST = 'At least: the list does not reach back to this morning';

/** A count; a least one carries a plus. */
export function Figure(props: { value: number; least?: boolean; tone?: string | undefined }) {
  return (
    <span className={props.tone} title={props.least ? AT_LEAST : undefined}>
      <Count value={props.value} least={props.least ?? false} />
    </span>
  );
}

/** What waits, and how much of it stands in line. */
export function Waiting({ row }: { row: PersonRow }) {
  const limited = row.lineCap !== null && row.waiting > row.lineCap;
  return (
    <>
      <Count value={row.waiting} />
      {limited && (
        <span
          className={styles.of}
          title={`At most ${plural(row.lineCap ?? 0, 'job')} of theirs in line; the others join its end as theirs start`}
        >
          {`, ${row.lineCap} in line`}
        </span>
      )}
    </>
  );
}

/** What runs now, and of how many that may at once. */
export function Running({ row }: { row: PersonRow }) {
  return (
    <>
      <Count value={row.running} />
      {row.cap !== null && (
        <span className={styles.of} title={`At most ${plural(row.cap, 'job')} of theirs at once`}>
          {' '}
          of {row.cap}
        </span>
      )}
    </>
  );
}

/** How long their jobs of today ran. */
export function GpuTime({ ms, least }: { ms: number; least: boolean }) {
  return (
    <span className={ms === 0 ? styles.faint : undefined} title={least ? AT_LEAST : undefined}>
      {gpuText(ms)}
      {least && '+'}
    </span>
  );
}

/** When the first of their waiting jobs starts. */
export function Wait({ row }: { row: PersonRow }) {
  const text = useClock((now) => waitText(row, liveStore.getState().waits, now) ?? UNKNOWN);
  return <>{text}</>;
}

/** When a job of theirs was last submitted. */
export function Seen({ at }: { at: number | null }) {
  const offset = useLive((state) => state.clockOffsetMs);
  const text = useClock((now) => {
    const local = toLocal(at, offset);
    return local === null ? UNKNOWN : now - local < 60_000 ? 'just now' : `${spanText(now - local)} ago`;
  });
  return <span className={styles.dim}>{text}</span>;
}

const gpuText = (ms: number) =>
  ms === 0
    ? '0 min'
    : ms < 60_000
      ? '< 1 min'
      : ms < 120_000
        ? '1 min'
        : spanText(Math.floor(ms / 60_000) * 60_000);
