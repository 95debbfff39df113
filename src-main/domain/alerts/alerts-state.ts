import { z } from 'zod';
import type { Alert } from './alert.ts';
import { alertSettingsSchema, ruleIdSchema } from './rules.ts';

/** What every window knows of the alerts. */
export interface AlertsState {
  /** Most pressing first; snoozed ones too. */
  alerts: Alert[];
  /** Counts the alerts that rang since the console started; a window sounds when it grows. */
  rang: number;
  /** The newest that rang; null before the first. */
  lastRing: { id: string; severity: Alert['severity']; title: string; text: string } | null;
  sound: boolean;
  desktop: boolean;
  /** When somebody last asked from outside of a window to see them, local epoch ms; null = never. */
  askedAt: number | null;
  /** Until then nothing rings; local epoch ms, null = it may. */
  quietUntil: number | null;
}

/** What is kept of the alerts of one workshop over a restart, so that nothing is told twice. */
export const keptAlertsSchema = z.object({
  settings: alertSettingsSchema,
  quietUntil: z.number().nullable(),
  open: z
    .array(
      z.object({
        id: z.string(),
        key: z.string(),
        rule: ruleIdSchema,
        severity: z.enum(['warn', 'fail']),
        text: z.string(),
        raisedAt: z.number(),
        snoozedUntil: z.number().nullable(),
        /** Absent in files of older versions. */
        owed: z.boolean().default(false),
      }),
    )
    .max(100),
});
export type KeptAlerts = z.infer<typeof keptAlertsSchema>;
