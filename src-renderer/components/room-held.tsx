import { Button } from '@mantine/core';
import { IconPresentation } from '@tabler/icons-react';
import { useNow } from '../live/clock.ts';
import { type RoomHold, roomHold } from '../live/room-hold.ts';
import { useBlank, useBreak, useFreeze, useJoinCard } from '../live/room-verbs.ts';
import { useLive } from '../live/store.ts';
import styles from './room-held.module.css';

/** What the room sees instead of its live picture, now; null for nothing. */
function useRoomHold(): RoomHold | null {
  const room = useLive((state) => state.room);
  const now = useNow();
  return roomHold(room, now);
}

/** Says on one line that the room does not see the live picture, with what ends it; nothing while it does. */
export function RoomHeld() {
  const hold = useRoomHold();
  const blank = useBlank();
  const pause = useBreak();
  const join = useJoinCard();
  const freeze = useFreeze();
  if (!hold) return null;
  const act = () => {
    if (hold.kind === 'blank') blank.mutate({ blank: false });
    else if (hold.kind === 'break') pause.mutate({ until: null });
    else if (hold.kind === 'join') join.mutate({ join: false });
    else freeze.mutate({ frozen: false });
  };
  const busy = [blank, pause, join, freeze].some(({ isPending }) => isPending);
  return (
    <span className={styles.held}>
      <IconPresentation size="1rem" aria-hidden />
      <span className={styles.text} role="status">
        {hold.sentence}
      </span>
      <Button size="compact-sm" variant="default" loading={busy} onClick={act}>
        {hold.end}
      </Button>
    </span>
  );
}

/** The same in a word, for the button that opens the room view; else what stands there otherwise. */
export function RoomBadge({ otherwise }: { otherwise: React.ReactNode }) {
  const hold = useRoomHold();
  return hold ? <span className={styles.badge}>{hold.word}</span> : otherwise;
}
