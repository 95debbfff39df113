import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { memo } from 'react';
import { countText, cut, plural, spanText, UNKNOWN } from '../../components/format.ts';
import { StateMark } from '../../components/state-mark.tsx';
import { toLocal, useClock } from '../../live/clock.ts';
import { liveStore, useLive } from '../../live/store.ts';
import styles from './people.module.css';
import {
  type People,
  type PeopleColumn,
  type PeopleSort,
  type PersonRow,
  shownName,
  waitText,
} from './people-rows.ts';
import { PersonActions } from './person-actions.tsx';

const COLUMNS: readonly { id: PeopleColumn; label: string; title?: string; figure?: boolean }[] = [
  { id: 'person', label: 'Person' },
  { id: 'waiting', label: 'Waiting', figure: true },
  { id: 'running', label: 'Running', figure: true },
  { id: 'done', label: 'Done today', figure: true },
  { id: 'failed', label: 'Failed today', figure: true },
  { id: 'gpu', label: 'GPU time today', figure: true, title: 'How long their jobs of today ran so far' },
  { id: 'wait', label: 'Next start', title: 'When the first of their waiting jobs starts' },
  { id: 'seen', label: 'Last seen', title: 'When a job of theirs was last submitted' },
];

/** Everybody in a table; each row carries its acts. */
export function PeopleTable(props: {
  people: People;
  rows: readonly PersonRow[];
  sort: PeopleSort;
  onSort: (sort: PeopleSort) => void;
}) {
  const { people, rows, sort, onSort } = props;
  return (
    <div className={styles.scroll}>
      <table className={styles.table} aria-label="People">
        <thead>
          <tr>
            {COLUMNS.map(({ id, label, title, figure }) => {
              const sorted = sort.column === id;
              return (
                <th
                  key={id}
                  scope="col"
                  className={figure ? styles.figure : undefined}
                  aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                >
                  <button
                    type="button"
                    className={styles.sort}
                    title={title}
                    onClick={() =>
                      onSort({ column: id, descending: sorted ? !sort.descending : id !== 'person' })
                    }
                  >
                    {label}
                    {sorted && !sort.descending && <IconArrowUp size="0.8125rem" aria-hidden />}
                    {sorted && sort.descending && <IconArrowDown size="0.8125rem" aria-hidden />}
                  </button>
                </th>
              );
            })}
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={row.userId}
              row={row}
              doneIsLeast={people.doneIsLeast}
              failedIsLeast={people.failedIsLeast}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const Row = memo(
  function Row(props: { row: PersonRow; doneIsLeast: boolean; failedIsLeast: boolean }) {
    const { row, doneIsLeast, failedIsLeast } = props;
    const name = cut(shownName(row), 60);
    return (
      <tr data-person={row.userId.slice(0, 120)}>
        <th scope="row" className={styles.person}>
          <span className={styles.name} title={name}>
            {name}
          </span>
          {row.nickname !== '' && <span className={styles.id}>{cut(row.userId, 40)}</span>}
          <Marks row={row} />
        </th>
        <Figure value={row.waiting} />
        <td className={styles.figure}>
          <Count value={row.running} />
          {row.cap !== null && (
            <span className={styles.of} title={`At most ${plural(row.cap, 'job')} of theirs at once`}>
              {' '}
              of {row.cap}
            </span>
          )}
        </td>
        <Figure value={row.done} least={doneIsLeast} />
        <Figure value={row.failed} least={failedIsLeast} tone={row.failed > 0 ? styles.fail : undefined} />
        <td className={styles.figure}>
          <span className={row.gpuMs === 0 ? styles.faint : undefined}>{gpuText(row.gpuMs)}</span>
        </td>
        <td>
          <Wait row={row} />
        </td>
        <td>
          <Seen at={row.seenAt} />
        </td>
        <td className={styles.acts}>
          <PersonActions row={row} name={name} />
        </td>
      </tr>
    );
  },
  (before, after) => JSON.stringify(before) === JSON.stringify(after),
);

function Marks({ row }: { row: PersonRow }) {
  return (
    <>
      {row.held && <StateMark tone="warn" word="held" />}
      {row.nextTurn && <StateMark tone="busy" word="next turn" />}
    </>
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

function Figure(props: { value: number; least?: boolean; tone?: string | undefined }) {
  const title = props.least ? 'At least: the list does not reach back to this morning' : undefined;
  return (
    <td className={`${styles.figure} ${props.tone ?? ''}`} title={title}>
      <Count value={props.value} least={props.least ?? false} />
    </td>
  );
}

function Wait({ row }: { row: PersonRow }) {
  const text = useClock((now) => waitText(row, liveStore.getState().waits, now) ?? UNKNOWN);
  return <>{text}</>;
}

function Seen({ at }: { at: number | null }) {
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
