import type { RoomPerson, RoomView } from '../../../../src-main/api/types.ts';
import type { RoomLayout } from './layout.ts';
import styles from './room.module.css';
import { lastTurnText, moreText, turnText, waitingText, withKeys } from './words.ts';

/** Who is next, each person once, in columns. */
export function NextList({ view, layout, asOf }: { view: RoomView; layout: RoomLayout; asOf: number }) {
  const { next, peopleWaiting, paused, lastTurnBy } = view;
  const shown = next.slice(0, layout.peopleShown);
  const more = peopleWaiting - shown.length;
  const guessed = shown.some(({ turn }) => turn?.kind === 'range' && turn.guess);
  const short = !layout.numbered;
  const timed = shown.some(({ turn }) => turn?.kind === 'range');
  const aside = paused
    ? 'paused, nobody loses their place'
    : [
        short && timed && 'minutes to go, about',
        guessed && 'times are a first guess',
        // A narrow row has no room for the word, so they are counted here.
        short && more > 0 && waitingText(peopleWaiting, view.peopleWord),
      ]
        .filter(Boolean)
        .join(' · ');
  return (
    <section className={styles.next} aria-labelledby="next">
      <h2 id="next" className={styles.heading}>
        Next <span className={styles.aside}>{aside}</span>
      </h2>
      {peopleWaiting === 0 ? (
        <p className={styles.empty}>{view.knownAt === null ? 'Not known yet.' : 'Nobody waits.'}</p>
      ) : (
        <ol className={styles.list} data-numbered={layout.numbered}>
          {withKeys(shown).map(({ key, item }, at) => (
            <Row key={key} person={item} place={at + 1} layout={layout} asOf={asOf} paused={paused} />
          ))}
          {more > 0 && (
            <li className={styles.row} data-more>
              <span className={styles.more}>{short ? `${more} more` : moreText(more, view.peopleWord)}</span>
              <span className={styles.turn}>
                {paused ? '' : lastTurnText(lastTurnBy, asOf, short ? 'short' : 'about')}
              </span>
            </li>
          )}
        </ol>
      )}
    </section>
  );
}

interface RowProps {
  person: RoomPerson;
  place: number;
  layout: RoomLayout;
  asOf: number;
  paused: boolean;
}

function Row({ person, place, layout, asOf, paused }: RowProps) {
  const form = layout.ranges ? 'range' : layout.numbered ? 'about' : 'short';
  return (
    <li className={styles.row} data-first={place === 1 && !paused && person.turn?.kind !== 'held'}>
      {layout.numbered && <span className={styles.place}>{place}</span>}
      <span className={styles.name} dir="auto" data-name>
        {person.name}
      </span>
      {layout.times && person.jobs > 1 && (
        <span className={styles.times} role="img" aria-label={`${person.jobs} jobs`}>
          ×{person.jobs}
        </span>
      )}
      <span className={styles.turn}>{paused ? '' : turnText(person.turn, asOf, form)}</span>
    </li>
  );
}
