import { Button, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconCopy, IconDeviceFloppy, IconPlayerPause, IconPlayerPlay, IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { countText, plural } from '../../components/format.ts';
import { sayDone, sayFailed } from '../../components/notice.tsx';
import { indexOfSeq, isGap, type LeastLevel, type LogFilter, type LogRow, NO_FILTER } from './log-buffer.ts';
import { LogDetail } from './log-detail.tsx';
import { LogList, type LogSelection } from './log-list.tsx';
import { EmptyLog, LostBanner, NoLogs } from './log-states.tsx';
import { asText } from './log-words.ts';
import styles from './logs.module.css';
import { SourceList } from './source-list.tsx';
import { useLog } from './use-log.ts';
import { useSources } from './use-sources.ts';

const LEVELS: readonly { least: LeastLevel; word: string }[] = [
  { least: 'all', word: 'all' },
  { least: 'info', word: 'info and above' },
  { least: 'warn', word: 'warnings' },
  { least: 'error', word: 'errors' },
];

/** What agent and workers say, live. */
export function LogsScreen() {
  const sources = useSources();
  const { choice, source } = sources;
  const [least, setLeast] = useState<LeastLevel>(NO_FILTER.least);
  const [typed, setTyped] = useState('');
  const search = useDeferredValue(typed.toLowerCase());
  const filter = useMemo<LogFilter>(() => ({ least, search }), [least, search]);
  const log = useLog(choice, filter);
  const [selection, setSelection] = useState<LogSelection | null>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines of another log have other numbers.
  useEffect(() => setSelection(null), [choice?.machineId, choice?.sourceId]);
  useHotkeys([['mod+F', () => searchBox.current?.focus()]], []);

  const { rows, pace, setPace, buffer } = log;
  const selected = selection ? selectedOf(rows, selection) : [];
  const current = selection && rows[indexOfSeq(rows, selection.current)];
  const copy = async () => {
    const taken = selected.length > 0 ? selected : rows;
    try {
      await navigator.clipboard.writeText(asText(taken));
      sayDone(`${plural(taken.length, 'line')} copied.`, undefined, 'logs/copy');
    } catch {
      const message = 'The clipboard was not given to this window.';
      const remedy = 'Click into the window and copy again, or take the lines home with Save.';
      sayFailed(
        'Nothing was copied',
        { code: 'INTERNAL', message, remedy, retryable: true },
        () => void copy(),
      );
    }
  };
  const name = source?.id ?? 'no log';
  return (
    <div className={styles.screen}>
      <SourceList sources={sources} />
      <div className={styles.main}>
        <div className={styles.tools}>
          <TextInput
            ref={searchBox}
            className={styles.search ?? ''}
            aria-label="Search this log"
            aria-keyshortcuts="Control+F Meta+F"
            placeholder="Search this log"
            leftSection={<IconSearch size="1rem" aria-hidden />}
            value={typed}
            maxLength={200}
            onChange={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Escape' && setTyped('')}
          />
          <fieldset className={styles.levels} aria-label="Show lines from level">
            {LEVELS.map(({ least: level, word }) => (
              <button
                key={level}
                type="button"
                className={styles.chip}
                aria-pressed={least === level}
                onClick={() => setLeast(level)}
              >
                {word} {choice && level === 'warn' && <b>{countText(buffer.counts.warn)}</b>}
                {choice && level === 'error' && <b>{countText(buffer.counts.error)}</b>}
              </button>
            ))}
          </fieldset>
          <Button
            variant="default"
            w="7.25rem"
            leftSection={
              pace === 'following' ? (
                <IconPlayerPause size="1rem" aria-hidden />
              ) : (
                <IconPlayerPlay size="1rem" aria-hidden />
              )
            }
            disabled={!choice}
            onClick={() => setPace(pace === 'following' ? 'paused' : 'following')}
          >
            {pace === 'following' ? 'Pause' : 'Follow'}
          </Button>
          <Button
            variant="default"
            leftSection={<IconCopy size="1rem" aria-hidden />}
            disabled={rows.length === 0}
            onClick={() => void copy()}
          >
            Copy
          </Button>
          <Button
            variant="default"
            leftSection={<IconDeviceFloppy size="1rem" aria-hidden />}
            disabled={rows.length === 0}
            onClick={() => save(`${name}.log`, asText(rows))}
          >
            Save
          </Button>
        </div>
        <div className={`${styles.frame} ${log.state.kind === 'lost' ? styles.stale : ''}`}>
          {choice && log.state.kind === 'lost' && (
            <LostBanner state={log.state} some={buffer.size > 0} machineId={choice.machineId} />
          )}
          {choice ? (
            <LogList
              name={name}
              rows={rows}
              search={search}
              pace={pace}
              onPace={setPace}
              selection={selection}
              onSelect={setSelection}
              onCopy={() => void copy()}
              empty={
                <EmptyLog
                  state={log.state}
                  size={buffer.size}
                  clear={() => {
                    setTyped('');
                    setLeast('all');
                  }}
                />
              }
            />
          ) : (
            <NoLogs sources={sources} />
          )}
          {pace !== 'following' && log.behind > 0 && (
            <div className={styles.behind} hidden={current !== null}>
              <Button size="compact-sm" onClick={() => setPace('following')}>
                {plural(log.behind, 'new line')}
              </Button>
            </div>
          )}
          {current && !isGap(current) && <LogDetail line={current} search={search} />}
        </div>
        <div className={styles.foot}>
          <span role="status">{choice ? PACES[log.state.kind === 'live' ? pace : 'other'] : ''}</span>
          <span>
            {selected.length > 1 && `${plural(selected.length, 'line')} selected · `}
            {buffer.hidden > 0 && `${plural(buffer.hidden, 'secret')} hidden · `}
            {!choice
              ? ''
              : rows.length === buffer.size
                ? plural(rows.length, 'line')
                : `${countText(rows.length)} of ${plural(buffer.size, 'line')}`}
          </span>
        </div>
      </div>
    </div>
  );
}

const PACES = {
  following: 'Live. New lines appear at the end.',
  scrolled: 'Standing still while you read. Press End to follow again.',
  paused: 'Paused. Press Follow, or Space in the list, to go on.',
  other: '',
};

function selectedOf(rows: readonly LogRow[], { anchor, current }: LogSelection): LogRow[] {
  const [low, high] = [Math.min(anchor, current), Math.max(anchor, current)];
  return rows.slice(indexOfSeq(rows, low), indexOfSeq(rows, high + 1));
}

/** Hands a text file to the person: the desktop app asks where to, a browser puts it among its downloads. */
function save(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
