import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { type SortingState, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';
import { remPx } from '../../components/rem.ts';
import { ChooseBox } from './choose-box.tsx';
import { type ChosenJobs, chooseThrough, NONE_CHOSEN, toggleAll, toggleJob } from './chosen-jobs.ts';
import { columns, features } from './columns.tsx';
import { JobMenu } from './job-menu.tsx';
import styles from './jobs.module.css';
import { openJob, useOpenJob } from './open-job.ts';
import type { JobSort, SortColumn } from './select-jobs.ts';

/** Height of a row in rem, as in the stylesheet. */
const ROW_REM = 2.375;
const rowPx = () => ROW_REM * remPx();

interface JobsTableProps {
  /** Filtered and sorted. */
  jobs: readonly JobSummary[];
  sort: JobSort;
  onSort: (sort: JobSort) => void;
  chosen: ChosenJobs;
  onChoose: (change: (before: ChosenJobs) => ChosenJobs) => void;
  /** Shown instead of rows when there are none. */
  empty: ReactNode;
}

/**
 * The jobs, virtualised: only the rows in sight exist, and only those are built into table rows.
 * Arrow keys, Page Up and Down, Home and End move between rows, with Shift they choose all on the way; Space chooses
 * one, Control+A all that are shown, Escape none; Enter opens a row's actions. A click opens a job, with Shift or
 * Control it chooses.
 */
export function JobsTable({ jobs, sort, onSort, chosen, onChoose, empty }: JobsTableProps) {
  const scroll = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const [menuOf, setMenuOf] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const virtual = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => scroll.current,
    estimateSize: rowPx,
    getItemKey: (index) => jobs[index]?.id ?? index,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const inSight = jobs.slice(first, (items[items.length - 1]?.index ?? -1) + 1);
  const sorting: SortingState = [{ id: sort.column, desc: sort.descending }];
  const table = useTable({
    features,
    columns,
    data: inSight,
    getRowId: ({ id }) => id,
    manualSorting: true,
    enableSortingRemoval: false,
    state: { sorting },
    onSortingChange: (update) => {
      const [next] = typeof update === 'function' ? update(sorting) : update;
      if (next) onSort({ column: next.id as SortColumn, descending: next.desc });
    },
  });
  const rows = table.getRowModel().rows;

  // A row that a key moved to may only exist after scrolling; it takes the focus once it is there.
  useEffect(() => {
    if (wanted.current === null) return;
    // Filtered away, it is wanted no more: it must not take the focus from the search when it comes back.
    if (!jobs.some(({ id }) => id === wanted.current)) wanted.current = null;
    if (wanted.current === null) return;
    const row = scroll.current?.querySelector<HTMLElement>(`[data-job="${CSS.escape(wanted.current)}"]`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });
  // Whoever closes the drawer goes on where the job of the drawer stands, which need not be where it was opened.
  const openedId = useOpenJob((state) => state.jobId);
  const lastOpened = useRef<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only opening and closing lead the focus, not a new order.
  useEffect(() => {
    const closed = openedId === null ? lastOpened.current : null;
    lastOpened.current = openedId;
    const at = jobs.findIndex(({ id }) => id === closed);
    if (closed === null || at < 0) return;
    wanted.current = closed;
    virtual.scrollToIndex(at);
    setCurrent(closed);
  }, [openedId]);
  const move = (event: KeyboardEvent, at: number) => {
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / rowPx()) - 1);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: jobs.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = Math.min(jobs.length - 1, Math.max(0, to));
    const id = jobs[target]?.id ?? null;
    wanted.current = id;
    virtual.scrollToIndex(target);
    setCurrent(id);
    const from = jobs[at]?.id;
    if (event.shiftKey && id !== null && from !== undefined)
      onChoose((before) =>
        chooseThrough(
          before.anchor === null ? { ids: before.ids, apart: before.ids, anchor: from } : before,
          jobs,
          id,
        ),
      );
  };
  const closeMenu = (id: string) => {
    setMenuOf(null);
    wanted.current = id;
  };
  const press = (event: KeyboardEvent, id: string, at: number) => {
    // The open menu takes the focus a moment later; what is pressed until then is meant for it.
    if (menuOf === id) {
      if (event.key === 'Escape') closeMenu(id);
    } else if (event.key === 'Enter') setMenuOf(id);
    else if (event.key === ' ') onChoose((before) => toggleJob(before, id));
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey))
      onChoose((before) => toggleAll(before, jobs));
    else if (event.key === 'Escape' && chosen.ids.size > 0) onChoose(() => NONE_CHOSEN);
    else {
      move(event, at);
      return;
    }
    event.preventDefault();
  };
  const click = (event: MouseEvent, id: string) => {
    if (!(event.target instanceof Element) || event.target.closest('button, [role=menu]')) return;
    const box = event.target.closest('label') !== null;
    if (event.shiftKey) onChoose((before) => chooseThrough(before, jobs, id));
    else if (box || event.ctrlKey || event.metaKey) onChoose((before) => toggleJob(before, id));
    else openJob(id);
    if (box) event.preventDefault();
  };
  const focusable = jobs.some(({ id }) => id === current) ? current : (jobs[0]?.id ?? null);
  const allChosen = useMemo(
    () => chosen.ids.size > 0 && jobs.length > 0 && jobs.every(({ id }) => chosen.ids.has(id)),
    [chosen, jobs],
  );
  const [headers] = table.getHeaderGroups();

  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table cannot be virtualised with absolute rows.
    <div
      className={styles.table}
      role="grid"
      aria-label="Jobs"
      aria-rowcount={jobs.length + 1}
      aria-multiselectable
    >
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: its buttons take the focus. */}
      <div className={styles.header} role="row" aria-rowindex={1}>
        {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: its box takes the focus. */}
        <div role="columnheader">
          <ChooseBox
            label="Choose all shown"
            checked={allChosen}
            some={chosen.ids.size > 0}
            press={() => onChoose((before) => toggleAll(before, jobs))}
          />
        </div>
        {headers?.headers.map((header) => {
          const sorted = header.column.getIsSorted();
          return (
            // biome-ignore lint/a11y/useSemanticElements: see above.
            // biome-ignore lint/a11y/useFocusableInteractive: its button takes the focus.
            <div
              key={header.id}
              role="columnheader"
              aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
            >
              {header.column.getCanSort() ? (
                <button
                  type="button"
                  className={styles.sort}
                  onClick={header.column.getToggleSortingHandler()}
                >
                  <table.FlexRender header={header} />
                  {sorted === 'asc' && <IconArrowUp size="0.8125rem" aria-hidden />}
                  {sorted === 'desc' && <IconArrowDown size="0.8125rem" aria-hidden />}
                </button>
              ) : (
                <table.FlexRender header={header} />
              )}
            </div>
          );
        })}
        {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: it holds words only. */}
        <div role="columnheader">
          <span className="visually-hidden">Actions</span>
        </div>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
      <div
        ref={scroll}
        className={styles.scroll}
        role="rowgroup"
        tabIndex={jobs.length === 0 ? undefined : -1}
      >
        {jobs.length === 0 && (
          // biome-ignore lint/a11y/useSemanticElements: see above.
          // biome-ignore lint/a11y/useFocusableInteractive: it holds words and a button.
          <div role="row" style={{ height: '100%' }}>
            {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
            {/* biome-ignore lint/a11y/useFocusableInteractive: as above. */}
            <div role="gridcell" style={{ height: '100%' }}>
              {empty}
            </div>
          </div>
        )}
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map((item) => {
            const row = rows[item.index - first];
            if (!row) return null;
            const job = row.original;
            return (
              // biome-ignore lint/a11y/useSemanticElements: see above.
              <div
                key={item.key}
                role="row"
                className={styles.row}
                style={{ transform: `translateY(${item.start}px)` }}
                aria-rowindex={item.index + 2}
                data-job={job.id}
                tabIndex={job.id === focusable ? 0 : -1}
                onFocus={() => setCurrent(job.id)}
                aria-selected={chosen.ids.has(job.id)}
                // With Shift a click chooses rows, and must not mark their text.
                onMouseDown={(event) => event.shiftKey && event.preventDefault()}
                onClick={(event) => click(event, job.id)}
                onKeyDown={(event) => {
                  if (event.target === event.currentTarget) press(event, job.id, item.index);
                }}
              >
                {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
                {/* biome-ignore lint/a11y/useFocusableInteractive: rows take the focus. */}
                <div role="gridcell">
                  <ChooseBox
                    label={`Choose the job of ${cut(job.userId, 60)}`}
                    checked={chosen.ids.has(job.id)}
                  />
                </div>
                {row.getAllCells().map((cell) => (
                  // biome-ignore lint/a11y/useSemanticElements: see above.
                  // biome-ignore lint/a11y/useFocusableInteractive: rows take the focus.
                  <div key={cell.id} role="gridcell" className={styles.cell}>
                    <table.FlexRender cell={cell} />
                  </div>
                ))}
                {/* biome-ignore lint/a11y/useSemanticElements: see above. */}
                {/* biome-ignore lint/a11y/useFocusableInteractive: rows take the focus. */}
                <div role="gridcell">
                  <JobMenu
                    job={job}
                    opened={menuOf === job.id}
                    onOpen={() => setMenuOf(job.id)}
                    onClose={() => closeMenu(job.id)}
                  />
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
