import { useEffect } from 'react';
import type { RoomView } from '../../../../src-main/api/types.ts';
import { clockText } from '../../../components/format.ts';
import { useNow } from '../../../live/clock.ts';
import { Picture } from './picture.tsx';
import { QrCode } from './qr-code.tsx';
import styles from './room.module.css';
import { useRoomFeed } from './room-feed.ts';
import { addressText, breakGoesOn, breakText } from './words.ts';

/** What the room sees: nothing, a break, or who is next. It has no controls. */
export function RoomPage() {
  const { view, lostAt } = useRoomFeed();
  const now = useNow();
  const look = view?.light ? 'light' : 'dark';
  useEffect(() => {
    document.documentElement.dataset.look = look;
  }, [look]);
  if (view === null)
    return (
      <main className={styles.card}>
        <h1 className={styles.cardTitle}>The room view is connecting</h1>
      </main>
    );
  if (view.blank)
    return (
      <main className={styles.blank}>
        <h1 className={styles.hidden}>The room view is blank</h1>
      </main>
    );
  if (view.breakUntil !== null && view.breakUntil > now)
    return <Break view={view} until={view.breakUntil} lost={lostAt !== null} now={now} />;
  if (view.join && view.url !== null) return <Join title={view.title} url={view.url} now={now} />;
  return <Picture view={view} lost={lostAt !== null} now={now} />;
}

/** For the beginning of a day: where to go, readable and scannable from the last row. */
function Join({ title, url, now }: { title: string | null; url: string; now: number }) {
  const address = addressText(url);
  return (
    <main className={styles.join}>
      <QrCode text={url} className={styles.joinCode} />
      <div className={styles.joinText}>
        <p className={styles.joinName} dir="auto">
          {title ?? 'Workshop'}
        </p>
        <h1 className={styles.joinTitle}>Join here</h1>
        <p className={styles.joinAddress} data-long={address.length > 24}>
          {address}
        </p>
        <p className={styles.joinClock}>
          It is <time>{clockText(now, now)}</time>
        </p>
      </div>
    </main>
  );
}

interface BreakProps {
  view: RoomView;
  until: number;
  /** The console does not answer. */
  lost: boolean;
  now: number;
}

function Break({ view, until, lost, now }: BreakProps) {
  const { title, message } = view;
  return (
    <main className={styles.card}>
      <p className={styles.cardName} dir="auto">
        {title ?? 'Workshop'}
      </p>
      <h1 className={styles.cardTitle}>
        Back at <time>{clockText(until, now)}</time>
      </h1>
      <p className={styles.cardSub}>{breakText(until, now)}</p>
      {message !== '' && (
        <p className={styles.cardMessage} dir="auto">
          {message}
        </p>
      )}
      <p className={styles.cardClock}>
        It is <time>{clockText(now, now)}</time>.{breakGoesOn(view, lost, now)}
      </p>
    </main>
  );
}
