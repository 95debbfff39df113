import type { Alert } from '../../src-main/api/types.ts';
import { cut } from '../components/format.ts';
import { showAlerts } from '../features/alerts/alerts-panel.ts';
import { useAlertRules, useQuiet, useSetChannels, useSnooze } from '../live/alert-verbs.ts';
import { useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

const NOTHING: Alert[] = [];
/** Alerts that are offered by name. */
const MOST = 10;

/** What the palette can do about alerts; nothing before a workshop is set up. */
export function useAlertActions(): PaletteAction[] {
  const set = useLive(({ alerts }) => alerts !== null);
  const sound = useLive(({ alerts }) => alerts?.sound ?? true);
  const quietUntil = useLive(({ alerts }) => alerts?.quietUntil ?? null);
  const desktop = useLive(({ alerts }) => alerts?.desktop ?? true);
  const standing = useLive(({ alerts }) => alerts?.alerts ?? NOTHING);
  const titles = new Map(useAlertRules()?.map(({ id, title }) => [id, title]));
  const snooze = useSnooze();
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
    {
      id: 'alerts/desktop',
      label: desktop ? 'Alerts: no desktop notifications' : 'Alerts: with desktop notifications',
      act: () => channels.mutate({ desktop: !desktop }),
    },
    ...standing.slice(0, MOST).map(({ key, rule, snoozedUntil, text }) => {
      const title = titles.get(rule) ?? rule;
      return snoozedUntil === null
        ? {
            id: `alerts/snooze/${key}`,
            label: `Snooze for 15 minutes: ${title}`,
            description: cut(text, 120),
            act: () => snooze.mutate({ key, minutes: 15 }),
          }
        : {
            id: `alerts/wake/${key}`,
            label: `Wake: ${title}`,
            description: cut(text, 120),
            act: () => snooze.mutate({ key, minutes: null }),
          };
    }),
  ];
}
