import type { Alert, AlertsState } from '../../../src-main/api/types.ts';
import { cut } from '../../components/format.ts';

/**
 * The alerts that speak now: not those that were snoozed, nor those of which nobody knows whether they still hold.
 * Before a workshop is set up there are none, but the console may have something to say about itself.
 */
export function alertsInLine(alerts: AlertsState | null, notice: string | null): Alert[] {
  if (alerts)
    return alerts.alerts.filter(
      ({ snoozedUntil, unknownSince }) => snoozedUntil === null && unknownSince === null,
    );
  if (notice === null) return [];
  const text = cut(notice, 300);
  return [
    {
      ...{ id: 'notice', key: 'notice', rule: 'console-notice', severity: 'warn', text, action: null },
      ...{ raisedAt: 0, snoozedUntil: null, unknownSince: null },
    },
  ];
}
