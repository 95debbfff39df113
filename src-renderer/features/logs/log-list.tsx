import {
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
} from 'react';
import type { LogLine } from '../../../src-main/api/types.ts';
import { remPx } from '../../components/rem.ts';
import { indexOfSeq, isGap, type LogRow } from './log-buffer.ts';
import { excerpt, gapText, partsOf, timeText } from './log-words.ts';
import styles from './logs.module.css';
import type { Pace } from './use-log.ts';
import { useRowsInSight } from './use-rows-in-sight.ts';

/** Height of a row in rem, as in the stylesheet. */
const ROW_REM = 1.5;
const rowPx = () => ROW_REM * remPx();

/** From the row where it began to the row that is current, by their numbers. */
export interface LogSelection {
  anchor: number;
  current: number;
}

interface LogListProps {
  name: string;
  rows: readonly LogRow[];
  search: string;
  pace: Pace;
  onPace: (pace: Pace) => void;
  selection: LogSelection | null;
  onSelect: (selection: LogSelection | null) => void;
  onCopy: () => void;
  /** Shown instead of rows when there are none. */
  empty: ReactNode;
}

/**
 * The lines, virtualised. Arrow keys, Page Up and Down and Home move the current line, with Shift they select; End
 * follows again, Space holds it; Ctrl-A selects all, Ctrl-C copies what is selected.
 */
export function LogList({
  name,
  rows,
  search,
  pace,
  onPace,
  selection,
  onSelect,
  onCopy,
  empty,
}: LogListProps) {
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const seen = useRef({ top: 0, height: 0 });
  const { from, to, look } = useRowsInSight(scroll, rows.length, rowPx, pace === 'following');
  const px = rowPx();

  useLayoutEffect(() => {
    const box = scroll.current;
    if (!box || pace !== 'following') return;
    box.scrollTop = box.scrollHeight;
    seen.current = { top: box.scrollTop, height: box.scrollHeight };
  });
  const onScroll = () => {
    const box = scroll.current;
    if (!box) return;
    look();
    const { top, height } = seen.current;
    seen.current = { top: box.scrollTop, height: box.scrollHeight };
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - rowPx() / 2;
    // A list that became shorter moves by itself; only a person moves up in one that did not.
    if (pace === 'following' && box.scrollTop < top - 1 && box.scrollHeight >= height && !atEnd)
      onPace('scrolled');
    else if (pace === 'scrolled' && atEnd && box.scrollTop > top) onPace('following');
  };

  /** Brings a row into sight by the shortest way. All rows are equally high, so its place needs no measuring. */
  const show = (at: number) => {
    const box = scroll.current;
    if (!box) return;
    const top = at * rowPx();
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + 2 * rowPx() > box.scrollTop + box.clientHeight)
      box.scrollTop = top + 2 * rowPx() - box.clientHeight;
  };

  // With another search or level the current line stays in sight.
  const current = selection?.current;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when something else is asked for.
  useEffect(() => {
    if (current === undefined || pace === 'following') return;
    const at = indexOfSeq(rows, current);
    if (rows[at]?.seq === current) show(at);
  }, [search]);

  const select = (at: number, extend: boolean) => {
    const seq = rows[Math.min(rows.length - 1, Math.max(0, at))]?.seq;
    if (seq === undefined) return;
    onSelect({ anchor: extend && selection ? selection.anchor : seq, current: seq });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === 'c' && selection && window.getSelection()?.isCollapsed !== false) {
      event.preventDefault();
      onCopy();
    } else if (command && key === 'a') {
      event.preventDefault();
      const [first, last] = [rows[0], rows[rows.length - 1]];
      if (first && last) onSelect({ anchor: first.seq, current: last.seq });
    } else if (event.key === ' ') {
      event.preventDefault();
      onPace(pace === 'following' ? 'paused' : 'following');
    } else if (event.key === 'Escape') onSelect(null);
    else if (event.key === 'End') {
      event.preventDefault();
      select(rows.length - 1, event.shiftKey);
      onPace('following');
    } else if (!command) move(event);
  };
  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / rowPx()) - 1);
    const at = selection ? indexOfSeq(rows, selection.current) : rows.length;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0 }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    if (pace === 'following') onPace('scrolled');
    const target = Math.min(rows.length - 1, Math.max(0, to));
    select(target, event.shiftKey);
    show(target);
  };
  const onClick = (event: MouseEvent) => {
    // Whoever marks a part of a line with the mouse wants that part.
    if (window.getSelection()?.isCollapsed === false) return;
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-at]');
    if (!row) return;
    if (pace === 'following') onPace('scrolled');
    select(Number(row.dataset.at), event.shiftKey);
  };

  const [low, high] = selection
    ? [Math.min(selection.anchor, selection.current), Math.max(selection.anchor, selection.current)]
    : [1, 0];
  const drawn = rows.slice(from, to);
  const currentIsDrawn = drawn.some(({ seq }) => seq === current);
  if (rows.length === 0) return <div className={styles.none}>{empty}</div>;
  return (
    <div
      ref={scroll}
      className={styles.scroll}
      role="listbox"
      aria-multiselectable
      aria-label={`Lines of ${name}`}
      aria-activedescendant={currentIsDrawn ? `${id}-${current}` : undefined}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <div role="presentation" className={styles.lines} style={{ height: rows.length * px }}>
        {drawn.map((row, place) => {
          const index = from + place;
          const selected = row.seq >= low && row.seq <= high;
          return (
            // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names the current line.
            <div
              // An element is used again by the row that takes its place: ten times a second all rows are others.
              key={index % (to - from)}
              id={`${id}-${row.seq}`}
              role="option"
              aria-selected={selected}
              aria-posinset={index + 1}
              aria-setsize={rows.length}
              className={styles.row}
              data-level={isGap(row) ? 'gap' : row.level}
              data-current={row.seq === current || undefined}
              data-at={index}
              style={{ transform: `translateY(${index * px}px)` }}
            >
              {isGap(row) ? (
                <span className={styles.gap}>
                  <span>{gapText(row.gap)}</span>
                </span>
              ) : (
                <Line line={row} search={search} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const Line = memo(function Line({ line, search }: { line: LogLine; search: string }) {
  return (
    <>
      <span
        className={line.came ? styles.came : styles.time}
        title={line.came ? 'When it came to this laptop' : undefined}
      >
        {line.at === null ? '' : timeText(line.at)}
      </span>
      <span className={styles.level}>{line.level}</span>
      <span className={styles.text}>
        <Found text={excerpt(line.text, search)} search={search} />
        {line.cut > 0 && <span className={styles.cut}> … cut</span>}
      </span>
    </>
  );
});

/** A text with the finds of a search marked. */
export function Found({ text, search }: { text: string; search: string }) {
  return partsOf(text, search).map((part, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text have no other name.
    part.found ? <mark key={at}>{part.text}</mark> : part.text,
  );
}
