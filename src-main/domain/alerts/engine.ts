import type { Alert, AlertRecord, Look, Reading } from './alert.ts';
import type { RuleId, RuleInForce } from './rules.ts';

/** What an alert remembers over a restart of the console. */
export interface OpenAlert extends Omit<Alert, 'unknownSince'> {
  /** Its ring was held back, by quiet or a snooze; it comes once that is over. */
  owed: boolean;
}

export interface Step {
  /** Alerts that nobody has been told of, or only before their snooze: each rings, once. */
  rings: Alert[];
  records: AlertRecord[];
}

/**
 * Turns looks into alerts: each thing is told once, lasts until it is surely over, and what flickers stays one alert.
 * Pure but for what it remembers; no clock, no chance.
 */
export interface AlertEngine {
  /**
   * @param now local epoch ms, never going back.
   * @param quiet nothing rings now; what still stands afterwards rings then.
   */
  step(look: Look, rules: readonly RuleInForce[], now: number, quiet?: boolean): Step;
  /** What stands now, most pressing first; snoozed ones too. */
  alerts(now: number): Alert[];
  /** @param until null ends it. @returns false when no such alert stands. */
  snooze(key: string, until: number | null): boolean;
  /** To be kept; `restore` takes it up again. */
  open(): OpenAlert[];
  restore(open: readonly OpenAlert[]): void;
}

interface Tracked {
  reading: Reading;
  /** Since when it is over without a break. */
  overSince: number;
  /** Since when it is no longer seen; null while it is. */
  goneSince: number | null;
  raised: { id: string; at: number } | null;
  owed: boolean;
  snoozedUntil: number | null;
  unknownSince: number | null;
}

/** What comes back so soon after it was over is the same alert again: it does not ring anew. */
const FLICKER_MS = 120_000;
/** The machine slept: what held before and holds now need not have held between. */
const SLEPT_MS = 15_000;
/** More things at once than anybody reads. */
const TRACKED_MAX = 100;

export function createAlertEngine(): AlertEngine {
  let tracked = new Map<string, Tracked>();
  /** What was resolved a moment ago, by key. */
  let flickers = new Map<
    string,
    { id: string; raisedAt: number; until: number; snoozedUntil: number | null; owed: boolean }
  >();
  let lastAt: number | null = null;
  let order: readonly RuleId[] = [];

  const alertOf = (key: string, one: Tracked, raised: { id: string; at: number }): Alert => ({
    id: raised.id,
    key,
    rule: one.reading.rule,
    severity: one.reading.severity,
    text: one.reading.text,
    action: one.reading.action,
    raisedAt: raised.at,
    snoozedUntil: one.snoozedUntil,
    unknownSince: one.unknownSince,
  });

  const resolve = (key: string, one: Tracked, now: number, records: AlertRecord[]) => {
    tracked.delete(key);
    if (!one.raised) return;
    const { id, at } = one.raised;
    const { rule, severity, text } = one.reading;
    const { snoozedUntil, owed } = one;
    flickers.set(key, { id, raisedAt: at, until: now + FLICKER_MS, snoozedUntil, owed });
    records.push({ at: now, what: 'resolved', id, rule, severity, text, stoodMs: Math.max(0, now - at) });
  };

  return {
    step(look, rules, now, quiet = false) {
      const step: Step = { rings: [], records: [] };
      const byId = new Map(rules.map((rule) => [rule.id, rule]));
      order = rules.map(({ id }) => id);
      const slept = lastAt !== null && now - lastAt > SLEPT_MS;
      lastAt = now;
      for (const [key, { until }] of flickers) if (until < now) flickers.delete(key);

      const seen = new Map(look.readings.map((reading) => [reading.key, reading]));
      for (const [key, one] of tracked) {
        const rule = byId.get(one.reading.rule);
        const reading = seen.get(key);
        if (!rule?.enabled) {
          resolve(key, one, now, step.records);
          continue;
        }
        if (reading) continue;
        if (!look.seen?.includes(key) && look.blind.some((beginning) => key.startsWith(beginning))) {
          one.unknownSince ??= now;
          continue;
        }
        one.unknownSince = null;
        one.goneSince ??= now;
        if (!one.raised || now - one.goneSince >= rule.clearAfterMs) resolve(key, one, now, step.records);
      }
      for (const [key, reading] of seen) {
        const rule = byId.get(reading.rule);
        if (!rule?.enabled) continue;
        const known = tracked.get(key);
        if (!known && (reading.verdict === 'between' || tracked.size >= TRACKED_MAX)) continue;
        const one = known ?? {
          ...{ reading, overSince: now, goneSince: null, raised: null },
          ...{ snoozedUntil: null, unknownSince: null, owed: false },
        };
        tracked.set(key, one);
        one.reading = reading;
        one.goneSince = null;
        one.unknownSince = null;
        if (one.raised) continue;
        if (reading.verdict === 'between') {
          tracked.delete(key);
          continue;
        }
        if (slept) one.overSince = now;
        if (now - one.overSince < rule.afterMs) continue;
        const before = flickers.get(key);
        flickers.delete(key);
        one.raised = before ? { id: before.id, at: before.raisedAt } : { id: `${key}@${now}`, at: now };
        one.snoozedUntil = before?.snoozedUntil ?? null;
        one.owed = before?.owed ?? true;
        const alert = alertOf(key, one, one.raised);
        const { severity, text } = reading;
        step.records.push({
          ...{ at: now, what: 'raised', id: alert.id, rule: rule.id, severity, text, stoodMs: null },
        });
      }
      for (const [key, one] of tracked) {
        if (!one.raised) continue;
        if (one.snoozedUntil !== null && one.snoozedUntil <= now) {
          one.snoozedUntil = null;
          one.owed = true;
        }
        // What may be over already does not ring.
        const stands = one.goneSince === null && one.unknownSince === null;
        if (!one.owed || quiet || !stands || one.snoozedUntil !== null) continue;
        one.owed = false;
        step.rings.push(alertOf(key, one, one.raised));
      }
      return step;
    },

    alerts(now) {
      const all = [...tracked].flatMap(([key, one]) => {
        if (!one.raised) return [];
        const alert = alertOf(key, one, one.raised);
        const over = alert.snoozedUntil !== null && alert.snoozedUntil <= now;
        return [over ? { ...alert, snoozedUntil: null } : alert];
      });
      const rank = (alert: Alert) => (alert.severity === 'fail' ? 0 : 100) + order.indexOf(alert.rule);
      return all.sort((a, b) => rank(a) - rank(b) || a.raisedAt - b.raisedAt || (a.key < b.key ? -1 : 1));
    },

    snooze(key, until) {
      const one = tracked.get(key);
      if (!one?.raised) return false;
      one.snoozedUntil = until;
      // Whoever sets or ends a snooze has seen it.
      one.owed = false;
      return true;
    },

    open: () =>
      [...tracked].flatMap(([key, one]) => {
        if (!one.raised) return [];
        const { unknownSince: _, ...open } = alertOf(key, one, one.raised);
        return [{ ...open, owed: one.owed }];
      }),

    restore(open) {
      tracked = new Map();
      flickers = new Map();
      lastAt = null;
      for (const { key, raisedAt, ...one } of open.slice(0, TRACKED_MAX)) {
        const { id, rule, severity, text, action, snoozedUntil, owed } = one;
        tracked.set(key, {
          reading: { key, rule, verdict: 'over', severity, text, action },
          owed,
          overSince: raisedAt,
          goneSince: null,
          raised: { id, at: raisedAt },
          snoozedUntil,
          unknownSince: null,
        });
      }
    },
  };
}
