import type { RuleId } from './rules.ts';

/** What one click on an alert does: the act that mends it, or the place where it can be mended. */
export type AlertAction =
  | { kind: 'restart-worker'; hostId: string; workerId: string }
  | { kind: 'free-vram'; hostId: string; workerId: string }
  | { kind: 'set-count'; hostId: string; workers: number }
  | { kind: 'resume-workers'; hostId: string }
  | { kind: 'release-queue' }
  | { kind: 'reconnect' }
  /** Redis wants another password than this console has. */
  | { kind: 'enter-redis-password' }
  /** Asks first, naming who is hit. */
  | { kind: 'interrupt-job'; jobId: string }
  | { kind: 'show-jobs'; status: 'pending' | 'running' | 'failed' | 'unreadable' }
  | { kind: 'open'; place: 'capacity' | 'recap' }
  /** The machine on the Hosts screen; null where no agent says which. */
  | { kind: 'show-host'; hostId: string | null };

export type AlertSeverity = 'warn' | 'fail';

/** One thing as it stands at a look. Its key names what it is about and stays the same while that is meant. */
export interface Reading {
  key: string;
  rule: RuleId;
  /** `between`: no longer bad enough to raise an alert, not yet good enough to end one (hysteresis). */
  verdict: 'over' | 'between';
  severity: AlertSeverity;
  /** One or two sentences: what, how much, what follows. */
  text: string;
  action: AlertAction | null;
}

/** What was seen at one look. */
export interface Look {
  readings: readonly Reading[];
  /** Keys (by what they begin with) that cannot be judged now: their alerts stay as they are. */
  blind: readonly string[];
  /** Keys that could be judged all the same, by another word than the agent's. */
  seen?: readonly string[];
}

/** An alert that stands. Times are local epoch ms. */
export interface Alert {
  /** Differs for each time that the same thing comes up. */
  id: string;
  key: string;
  rule: RuleId;
  severity: AlertSeverity;
  text: string;
  action: AlertAction | null;
  raisedAt: number;
  /** Until then it neither rings nor stands in the line of alerts; null = not snoozed. */
  snoozedUntil: number | null;
  /** Since when it cannot be told whether it still holds; null = it holds. */
  unknownSince: number | null;
}

/** One line of what happened before. */
export interface AlertRecord {
  at: number;
  what: 'raised' | 'resolved';
  id: string;
  rule: RuleId;
  severity: AlertSeverity;
  text: string;
  /** How long it stood, ms; null for `raised`. */
  stoodMs: number | null;
}
