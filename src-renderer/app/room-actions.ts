import { showNicknameList } from '../components/nickname-panel.ts';
import { showRoomPanel } from '../features/room/panel/room-panel.ts';
import {
  useBlank,
  useBreak,
  useFreeze,
  useJoinCard,
  useOpenRoom,
  useRoomLight,
  useRoomMessage,
  useSaveNicknames,
} from '../live/room-verbs.ts';
import { useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

const MINUTE = 60_000;

/** What the palette can do to the room view; nothing before a workshop is set up. */
export function useRoomActions(): PaletteAction[] {
  const room = useLive((state) => state.room);
  const open = useOpenRoom();
  const freeze = useFreeze();
  const blank = useBlank();
  const light = useRoomLight();
  const pause = useBreak();
  const say = useRoomMessage();
  const showJoin = useJoinCard();
  const save = useSaveNicknames();
  if (room === null) return [];
  const actions: PaletteAction[] = [
    { id: 'room/open', label: 'Open room view', description: 'Key P', act: () => open.mutate({}) },
    {
      id: 'room/panel',
      label: 'Room view: message, nicknames, display…',
      description: 'Key Shift P',
      act: showRoomPanel,
    },
    { id: 'room/url', label: 'Room view: address and QR code…', act: showRoomPanel },
    { id: 'room/nicknames', label: 'Import nicknames…', act: showNicknameList },
    ...(Object.keys(room.nicknames).length > 0
      ? [{ id: 'room/nicknames-save', label: 'Save nicknames as CSV', act: () => save.mutate() }]
      : []),
    {
      id: 'room/freeze',
      label: room.frozen ? 'Room view: go live again' : 'Room view: freeze',
      act: () => freeze.mutate({ frozen: !room.frozen }),
    },
    {
      id: 'room/blank',
      label: room.blank ? 'Room view: show again' : 'Room view: blank',
      act: () => blank.mutate({ blank: !room.blank }),
    },
    {
      id: 'room/light',
      label: room.light ? 'Room view: light on black' : 'Room view: dark on white, for a bright room',
      act: () => light.mutate({ light: !room.light }),
    },
    ...[5, 10, 15, 30].map((minutes) => ({
      id: `room/break/${minutes}`,
      label: `Room view: break of ${minutes} minutes`,
      act: () => pause.mutate({ until: Date.now() + minutes * MINUTE }),
    })),
  ];
  if (room.url !== null)
    actions.push({
      id: 'room/join',
      label: room.join ? 'Room view: show the queue again' : 'Room view: show where to join, large',
      act: () => showJoin.mutate({ join: !room.join }),
    });
  if (room.breakUntil !== null)
    actions.push({
      id: 'room/break/end',
      label: 'Room view: end the break',
      act: () => pause.mutate({ until: null }),
    });
  if (room.message !== '')
    actions.push({
      id: 'room/message/clear',
      label: 'Room view: clear the message',
      act: () => say.mutate({ message: '' }),
    });
  return actions;
}
