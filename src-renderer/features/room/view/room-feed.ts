import { createStore, useStore } from 'zustand';
import type { RoomView } from '../../../../src-main/api/types.ts';
import type { RoomClient } from '../../../live/client.ts';

/** Pause before a feed that main ended is asked for again, ms. */
const AGAIN_AFTER = 1000;

/** The last picture, and whether it is still being renewed. */
export interface RoomFeed {
  view: RoomView | null;
  /** Since when nothing comes from the console, local epoch ms; null while it does. */
  lostAt: number | null;
}

export const roomFeed = createStore<RoomFeed>(() => ({ view: null, lostAt: null }));

export function useRoomFeed(): RoomFeed {
  return useStore(roomFeed);
}

/** Follows the room's picture. When the line breaks the last picture stays, and is asked for again until it comes. */
export function watchRoom(client: RoomClient): () => void {
  let running: { unsubscribe: () => void } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lost = () => roomFeed.setState(({ lostAt }) => ({ lostAt: lostAt ?? Date.now() }));
  const again = () => {
    lost();
    running?.unsubscribe();
    running = undefined;
    timer ??= setTimeout(subscribe, AGAIN_AFTER);
  };
  const subscribe = () => {
    timer = undefined;
    running = client.view.subscribe(undefined, {
      onData: (view) => roomFeed.setState({ view, lostAt: null }),
      onError: again,
      onComplete: again,
      onConnectionStateChange: ({ state, error }) => {
        if (state === 'connecting' && error) lost();
      },
    });
  };
  subscribe();
  return () => {
    clearTimeout(timer);
    running?.unsubscribe();
  };
}
