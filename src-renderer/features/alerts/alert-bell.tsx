import { IconBell, IconBellOff } from '@tabler/icons-react';
import type { AlertsState } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import { useLive, useLiveData } from '../../live/store.ts';
import styles from './alert-bell.module.css';
import { showAlerts } from './alerts-panel.ts';

/** How many alerts speak, in the window's top line; opens their panel. */
export function AlertBell() {
  const set = useLive(({ alerts }) => alerts !== null);
  const { speaking, worst, quiet } = useLiveData(({ alerts }) => summaryOf(alerts));
  if (!set) return null;
  // The name holds the figure that stands there, for those who speak to the screen.
  const words = speaking === 0 ? '0, none' : plural(speaking, 'alert');
  const Icon = quiet ? IconBellOff : IconBell;
  return (
    <button
      type="button"
      className={`${styles.bell} ${worst ? styles[worst] : ''}`}
      aria-label={`Alerts: ${words}${quiet ? ', quiet' : ''}`}
      aria-keyshortcuts="A"
      onClick={showAlerts}
    >
      <Icon size="1rem" aria-hidden />
      <b>{speaking}</b>
    </button>
  );
}

function summaryOf(alerts: AlertsState | null) {
  const speaking = (alerts?.alerts ?? []).filter(({ snoozedUntil }) => snoozedUntil === null);
  const worst = speaking.some(({ severity }) => severity === 'fail') ? 'fail' : 'warn';
  return {
    speaking: speaking.length,
    worst: speaking.length === 0 ? null : worst,
    quiet: alerts?.quietUntil != null,
  } as const;
}
