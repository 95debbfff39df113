import type { Notification } from 'electron';
import type { AlertsService } from '../../api/roles/alerts.ts';

/** What the operating system shows at most. */
const BODY_MAX = 240;
/** Shown ones are held, or their click is lost with them when memory is tidied. */
const HELD = 20;

/** Shows alerts that ring as notifications of the operating system; a click opens their panel. */
export function notifyOfAlerts(
  alerts: Pick<AlertsService, 'onRing' | 'ask'>,
  system: {
    isSupported(): boolean;
    create(options: { title: string; body: string; silent: boolean }): Pick<Notification, 'on' | 'show'>;
    /** Brings the console to the front. */
    show(): void;
  },
): () => void {
  let held: Pick<Notification, 'on' | 'show'>[] = [];
  return alerts.onRing(({ title, text }) => {
    if (!system.isSupported()) return;
    const body = text.length <= BODY_MAX ? text : `${text.slice(0, BODY_MAX - 1)}…`;
    // The window has a sound of its own, which can be muted there.
    const notification = system.create({ title, body, silent: true });
    notification.on('click', () => {
      system.show();
      alerts.ask();
    });
    held = [...held, notification].slice(-HELD);
    notification.show();
  });
}
