import { useQuery } from '@tanstack/react-query';
import type { NicknamesReceipt, RoomOpened, RoomPlaces } from '../../src-main/api/types.ts';
import { clockText, plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';
import { saveAs } from './save-as.ts';

/** What the host does to the room view. Newer notices about it replace older ones. */
const ABOUT = 'room';

/** Opens the room view: the desktop's window on its display, or in a browser a page of its own. */
export function useOpenRoom() {
  return useVerb<{ screenId?: string | null }, RoomOpened>({
    run: (client, { screenId = null }) => client.room.open.mutate({ screenId }),
    done: (opened) => {
      if (opened.kind === 'link') window.open(opened.url, 'workshop-room', 'noopener');
      else if (!opened.fullScreen)
        sayDone('The room view is open in a window: there is no second display.', undefined, ABOUT);
    },
    failed: (error, again) => sayFailed('The room view was not opened', error, again),
  });
}

/** Where the room view can be shown; asked anew whenever somebody looks, since displays come and go. */
export function useRoomPlaces(): RoomPlaces | undefined {
  const client = useClient();
  return useQuery({
    queryKey: ['room', 'where'],
    queryFn: () => client.room.where.query(),
    networkMode: 'always',
    staleTime: 0,
    refetchInterval: 3000,
  }).data;
}

export function useRoomMessage() {
  return useVerb<{ message: string }, void>({
    run: (client, input) => client.room.setMessage.mutate(input),
    done: (_, { message }) =>
      sayDone(message === '' ? 'The message is gone.' : 'The room reads the message.', undefined, ABOUT),
    failed: (error, again) => sayFailed('The message was not changed', error, again),
  });
}

/** `until`: local epoch ms; null ends the break. */
export function useBreak() {
  return useVerb<{ until: number | null }, void>({
    run: (client, input) => client.room.setBreak.mutate(input),
    done: (_, { until }) =>
      sayDone(
        until === null
          ? 'The break is over for the room.'
          : `The room reads: back at ${clockText(until, Date.now())}.`,
        undefined,
        ABOUT,
      ),
    failed: (error, again) => sayFailed('The break was not changed', error, again),
  });
}

export function useFreeze() {
  return useVerb<{ frozen: boolean }, void>({
    run: (client, input) => client.room.setFrozen.mutate(input),
    done: (_, { frozen }) =>
      sayDone(frozen ? 'The room view holds its picture.' : 'The room view is live again.', undefined, ABOUT),
    failed: (error, again) => sayFailed('The room view was not changed', error, again),
  });
}

export function useBlank() {
  return useVerb<{ blank: boolean }, void>({
    run: (client, input) => client.room.setBlank.mutate(input),
    done: (_, { blank }) =>
      sayDone(blank ? 'The room view is blank.' : 'The room view shows again.', undefined, ABOUT),
    failed: (error, again) => sayFailed('The room view was not changed', error, again),
  });
}

export function useRoomLight() {
  return useVerb<{ light: boolean }, void>({
    run: (client, input) => client.room.setLight.mutate(input),
    done: (_, { light }) =>
      sayDone(
        light ? 'The room view is dark on white.' : 'The room view is light on black.',
        undefined,
        ABOUT,
      ),
    failed: (error, again) => sayFailed('The room view was not changed', error, again),
  });
}

export function useRoomUrl() {
  return useVerb<{ url: string | null }, void>({
    run: (client, input) => client.room.setUrl.mutate(input),
    done: (_, { url }) =>
      sayDone(
        url === null ? 'The address is gone from the room view.' : 'The room reads the address.',
        undefined,
        ABOUT,
      ),
    failed: (error, again) => sayFailed('The address was not changed', error, again),
  });
}

/** Fills the room's screen with the address and its QR code, or ends that. */
export function useJoinCard() {
  return useVerb<{ join: boolean }, void>({
    run: (client, input) => client.room.setJoin.mutate(input),
    done: (_, { join }) =>
      sayDone(join ? 'The room reads where to join.' : 'The room view shows the queue.', undefined, ABOUT),
    failed: (error, again) => sayFailed('The room view was not changed', error, again),
  });
}

/** Imports a list; its receipt tells what was left out. */
/** Saves all nicknames as a CSV file, which can be edited and imported again. */
export function useSaveNicknames() {
  return useVerb<void, { fileName: string; text: string }>({
    run: (client) => client.room.nicknameTable.query(),
    done: ({ fileName, text }) => saveAs(fileName, new Blob([text], { type: 'text/csv;charset=utf-8' })),
    failed: (error, again) => sayFailed('The nicknames were not saved', error, again),
  });
}

export function useNicknames() {
  return useVerb<{ csv: string; replace: boolean }, NicknamesReceipt>({
    run: (client, input) => client.room.setNicknames.mutate(input),
    done: ({ set }) => sayDone(`${plural(set, 'nickname')} set.`, undefined, ABOUT),
    failed: (error, again) => sayFailed('The nicknames were not imported', error, again),
  });
}
