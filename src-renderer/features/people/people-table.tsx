import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from 'react';
import { remPx } from '../../components/rem.ts';
import { atStart, usePeopleWords } from '../../live/people-words.ts';
import styles from './people.module.css';
import type { People, PeopleColumn, PeopleSort, PersonRow } from './people-rows.ts';
import { PersonLine } from './person-line.tsx';

const COLUMNS: readonly { id: PeopleColumn; label: string; title?: string; figure?: boolean }[] = [
  { id: 'person', label: 'Person' },
  { id: 'waiting', label: 'Waiting', figure: true },
  { id: 'running', label: 'Running', figure: true },
  { id: 'done', label: 'Done', figure: true, title: 'Done today' },
  { id: 'failed', label: 'Failed', figure: true, title: 'Failed today' },
  { id: 'gpu', label: 'GPU time', figure: true, title: 'How long their jobs of today ran so far' },
  { id: 'wait', label: 'Next start', title: 'When the first of their waiting jobs starts' },
  { id: 'seen', label: 'Last seen', title: 'When a job of theirs was last submitted' },
];

/** Heights in rem, as in the stylesheet. */
const ROW_REM = 2.75;
const HEADER_REM = 2.375;

/**
 * Everybody in a table, virtualised: only the rows in sight exist. Arrow keys, Page Up and Down, Home and End move
 * between rows, Tab goes on to the acts of the row, Enter opens its menu.
 */
export function PeopleTable(props: {
  people: People;
  rows: readonly PersonRow[];
  sort: PeopleSort;
  onSort: (sort: PeopleSort) => void;
}) {
  const { people, rows } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const [menuOf, setMenuOf] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_REM * remPx(),
    getItemKey: (index) => rows[index]?.userId ?? index,
    overscan: 8,
    scrollMargin: HEADER_REM * remPx(),
    scrollPaddingStart: HEADER_REM * remPx(),
  });
  /** Opens the menu of a row, or closes it and leads back to the row. */
  const open = useCallback((userId: string, opened: boolean) => {
    if (!opened) wanted.current = userId;
    setMenuOf(opened ? userId : null);
  }, []);
  // A row that a key moved to may only exist after scrolling; it takes the focus once it is there.
  useEffect(() => {
    if (wanted.current === null) return;
    const at = rows.findIndex(({ userId }) => userId === wanted.current);
    const row = scroll.current?.querySelector<HTMLElement>(`[aria-rowindex="${at + 2}"]`);
    // Filtered away, it is wanted no more: it must not take the focus from the search when it comes back.
    if (at >= 0 && !row) return;
    wanted.current = null;
    row?.focus({ preventScroll: true });
  });
  const move = (event: KeyboardEvent, at: number) => {
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / (ROW_REM * remPx())) - 2);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = Math.min(rows.length - 1, Math.max(0, to));
    const id = rows[target]?.userId ?? null;
    wanted.current = id;
    virtual.scrollToIndex(target);
    setCurrent(id);
  };
  const tabbable = rows.some(({ userId }) => userId === current) ? current : (rows[0]?.userId ?? null);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table cannot be virtualised with absolute rows.
    <div
      ref={scroll}
      className={styles.scroll}
      role="grid"
      aria-label="People"
      aria-rowcount={rows.length + 1}
      tabIndex={-1}
    >
      <Header sort={props.sort} onSort={props.onSort} />
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      <div role="rowgroup" className={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const { userId } = row;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            <div
              key={userId}
              role="row"
              className={styles.row}
              style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
              aria-rowindex={index + 2}
              data-person={userId.slice(0, 120)}
              tabIndex={userId === tabbable ? 0 : -1}
              onFocus={() => setCurrent(userId)}
              onKeyDown={(event) => {
                if (event.target !== event.currentTarget) return;
                // The open menu takes the focus a moment later; what is pressed until then is meant for it.
                if (menuOf === userId) {
                  event.preventDefault();
                  if (event.key === 'Escape') open(userId, false);
                } else if (event.key === 'Enter' || event.key === ' ') {
                  event.preventDefault();
                  setMenuOf(userId);
                } else move(event, index);
              }}
            >
              <PersonLine
                row={row}
                doneIsLeast={people.doneIsLeast}
                failedIsLeast={people.failedIsLeast}
                gpuIsLeast={people.gpuIsLeast}
                tabbable={userId === tabbable}
                opened={menuOf === userId}
                onOpen={open}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Header({ sort, onSort }: { sort: PeopleSort; onSort: (sort: PeopleSort) => void }) {
  const words = usePeopleWords();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table cannot be virtualised with absolute rows.
    <div role="rowgroup" className={styles.header}>
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus. */}
      <div role="row" className={styles.columns} aria-rowindex={1}>
        {COLUMNS.map(({ id, label, title, figure }) => {
          const sorted = sort.column === id;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus.
            <div
              key={id}
              role="columnheader"
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
                {id === 'person' ? atStart(words.one) : label}
                {sorted && !sort.descending && <IconArrowUp size="0.8125rem" aria-hidden />}
                {sorted && sort.descending && <IconArrowDown size="0.8125rem" aria-hidden />}
              </button>
            </div>
          );
        })}
        {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: it holds words only. */}
        <div role="columnheader">
          <span className="visually-hidden">Actions</span>
        </div>
      </div>
    </div>
  );
}
