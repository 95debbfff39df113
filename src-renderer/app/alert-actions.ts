import { showAlerts } from '../features/alerts/alerts-panel.ts';
import { useQuiet, useSetChannels } from '../live/alert-verbs.ts';
import { useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

/** What the palette can do about alerts; nothing before a workshop is set up. */
export function useAlertActions(): PaletteAction[] {
  const set = useLive(({ alerts }) => alerts !== null);
  const sound = useLive(({ alerts }) => alerts?.sound ?? true);
  const quietUntil = useLive(({ alerts }) => alerts?.quietUntil ?? null);
  const quiet = useQuiet();
  const channels = useSetChannels();
  if (!set) return [];
  return [
    { id: 'alerts/show', label: 'Show the alerts', description: 'Key A', act: showAlerts },
    quietUntil === null
      ? {
          id: 'alerts/quiet',
          label: 'Alerts: quiet for 30 minutes',
          act: () => quiet.mutate({ minutes: 30 }),
        }
      : { id: 'alerts/ring', label: 'Alerts: ring again', act: () => quiet.mutate({ minutes: null }) },
    {
      id: 'alerts/sound',
      label: sound ? 'Alerts: mute the sound' : 'Alerts: with sound',
      act: () => channels.mutate({ sound: !sound }),
    },
  ];
}
