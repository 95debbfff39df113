import { clockText } from '../../../components/format.ts';
import { useNow } from '../../../live/clock.ts';
import { Picture } from './picture.tsx';
import styles from './room.module.css';
import { useRoomFeed } from './room-feed.ts';
import { breakText } from './words.ts';

/** What the room sees: nothing, a break, or who is next. It has no controls. */
export function RoomPage() {
  const { view, lostAt } = useRoomFeed();
  const now = useNow();
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
    return <Break title={view.title} until={view.breakUntil} message={view.message} now={now} />;
  return <Picture view={view} lost={lostAt !== null} now={now} />;
}

interface BreakProps {
  title: string | null;
  until: number;
  message: string;
  now: number;
}

function Break({ title, until, message, now }: BreakProps) {
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
        It is <time>{clockText(now, now)}</time>. The machines go on.
      </p>
    </main>
  );
}
