import { useHotkeys } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { goTo } from '../components/navigate.ts';
import { showAlerts } from '../features/alerts/alerts-panel.ts';
import { showRoomPanel } from '../features/room/panel/room-panel.ts';
import { useOpenRoom } from '../live/room-verbs.ts';
import { screens } from './screens.ts';
import { useLook } from './use-look.ts';

/** Keys and what they do, as the map of shortcuts shows them. */
export const SHORTCUTS: readonly { keys: string; does: string }[] = [
  ...screens.map(({ name }, at) => ({ keys: String(at + 1), does: `Open ${name}` })),
  { keys: 'P', does: 'Open the room view' },
  { keys: 'Shift P', does: 'Set what the room view shows' },
  { keys: 'A', does: 'Show the alerts' },
  { keys: 'Ctrl K', does: 'Find any action' },
  { keys: '/', does: 'Find any action' },
  { keys: 'L', does: 'Switch between dark and light' },
  { keys: '?', does: 'Show this map' },
  { keys: '↑ ↓ Home End', does: 'Move through the jobs; with Shift, choose them' },
  { keys: 'Enter', does: 'Open the actions of a job' },
  { keys: 'Space', does: 'Choose a job; hold a log, or follow it again' },
  { keys: 'Ctrl A', does: 'Choose all jobs that are shown' },
  { keys: 'Alt ↑ ↓', does: 'In the details of a job: the one before or after' },
  { keys: 'Ctrl F', does: 'Search a log' },
  { keys: 'Esc', does: 'Close a menu or dialog' },
];

/** Single keys of the whole window; they rest while somebody types. */
export function useShortcuts(showMap: () => void): void {
  const { toggle } = useLook();
  const room = useOpenRoom();
  useHotkeys([
    ...screens.map(({ id }, at): [string, () => void] => [String(at + 1), () => goTo(id)]),
    ['P', () => room.mutate({})],
    ['shift+P', showRoomPanel],
    ['A', showAlerts],
    ['/', spotlight.open],
    ['L', toggle],
    ['shift+?', showMap],
    ['?', showMap],
  ]);
}
