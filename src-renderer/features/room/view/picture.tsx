import type { CSSProperties } from 'react';
import type { RoomView } from '../../../../src-main/api/types.ts';
import { clockText } from '../../../components/format.ts';
import {
  FOOTER,
  GAP,
  HEADER,
  HEADING,
  LIST_GAP,
  layoutRoom,
  MESSAGE_LINE,
  messageHeight,
  PADDING_X,
  PADDING_Y,
  type RoomLayout,
  TILE_GAP,
} from './layout.ts';
import { MakingTile } from './making-tile.tsx';
import { NextList } from './next-list.tsx';
import { QrCode } from './qr-code.tsx';
import styles from './room.module.css';
import { useMeasures } from './use-measures.ts';
import {
  addressText,
  countsText,
  emptyText,
  freshness,
  messageLines,
  readinessText,
  withKeys,
} from './words.ts';

/** Units as CSS writes them. */
export const units = (value: number) => `${value / 10}rem`;

interface PictureProps {
  view: RoomView;
  /** The console does not answer. */
  lost: boolean;
  now: number;
}

/** Making now, and who is next. */
export function Picture({ view, lost, now }: PictureProps) {
  const measures = useMeasures();
  const lines = messageLines(view.message, measures.width);
  const layout = layoutRoom(measures, {
    making: view.makingCount,
    people: view.peopleWaiting,
    messageLines: lines,
    code: view.url !== null,
  });
  const state = freshness(view, lost, now);
  // What is old does not go on counting down.
  const asOf = view.frozenAt ?? (state.kind === 'old' ? (view.knownAt ?? now) : now);
  return (
    <main className={styles.room} style={vars(layout)} data-state={state.kind} data-kind={layout.kind}>
      <header className={styles.header}>
        <h1 className={styles.title} dir="auto">
          {view.title ?? 'Workshop'}
        </h1>
        <p className={styles.counts}>{countsText(view.makingCount, view.counts)}</p>
        <time className={styles.clock}>{clockText(now, now)}</time>
      </header>
      <div className={styles.body}>
        <Making view={view} layout={layout} asOf={asOf} old={state.kind === 'old'} />
        <NextList view={view} layout={layout} asOf={asOf} />
      </div>
      {lines > 0 && (
        <p className={styles.message} style={{ height: units(messageHeight(lines) - GAP) }}>
          <span className={styles.messageText} dir="auto">
            {view.message}
          </span>
        </p>
      )}
      <footer className={styles.footer}>
        <p className={styles.state}>
          <span className={styles.dot} aria-hidden />
          {state.word}
        </p>
        {view.url !== null && (
          <p className={styles.address}>
            Join at <b>{addressText(view.url)}</b>
          </p>
        )}
      </footer>
    </main>
  );
}

interface MakingProps {
  view: RoomView;
  layout: RoomLayout;
  asOf: number;
  /** The picture is not of now. */
  old: boolean;
}

function Making({ view, layout, asOf, old }: MakingProps) {
  const readiness = readinessText(view);
  const more = view.makingCount - layout.tilesShown;
  return (
    <section className={styles.making} aria-labelledby="making">
      <h2 id="making" className={styles.heading}>
        Making now <span className={styles.aside}>{readiness}</span>
      </h2>
      {view.makingCount === 0 ? (
        <p className={styles.empty}>{emptyText(view, old, asOf)}</p>
      ) : (
        <ul className={styles.tiles}>
          {withKeys(view.making.slice(0, layout.tilesShown)).map(({ key, item }) => (
            <MakingTile key={key} made={item} compact={layout.tileHeight < 130} asOf={asOf} />
          ))}
          {more > 0 && <li className={styles.moreTile}>{more} more</li>}
        </ul>
      )}
      {view.url !== null && layout.codeSize > 0 && (
        <div className={styles.code} style={{ height: units(layout.codeSize) }}>
          <QrCode text={view.url} className={styles.codeImage} />
          <span className={styles.codeHint}>Scan to join</span>
        </div>
      )}
    </section>
  );
}

function vars(layout: RoomLayout): CSSProperties {
  return {
    '--pad-x': units(PADDING_X),
    '--pad-y': units(PADDING_Y),
    '--gap': units(GAP),
    '--header': units(HEADER),
    '--footer': units(FOOTER),
    '--heading': units(HEADING),
    '--message-line': units(MESSAGE_LINE),
    '--making': units(layout.makingWidth),
    '--tile': units(layout.tileHeight),
    '--tile-gap': units(TILE_GAP),
    '--tile-columns': layout.tileColumns,
    '--tile-name': units(layout.tileNameSize),
    '--columns': layout.nextColumns,
    '--rows': layout.nextRows,
    '--row': units(layout.rowHeight),
    '--list-gap': units(LIST_GAP),
    '--name': units(layout.nameSize),
  } as CSSProperties;
}
