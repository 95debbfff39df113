import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { AlertRing, AlertsService } from '../api/roles/alerts.ts';
import type { Alert, AlertRecord } from '../domain/alerts/alert.ts';
import type { AlertsState, KeptAlerts } from '../domain/alerts/alerts-state.ts';
import { createAlertEngine } from '../domain/alerts/engine.ts';
import { type CapacityFacts, liveHosts } from '../domain/alerts/facts.ts';
import { lookAround } from '../domain/alerts/look.ts';
import { createProgressWatch } from '../domain/alerts/progress-watch.ts';
import {
  type AlertSettings,
  freshAlertSettings,
  RULES,
  type RuleId,
  rulesInForce,
} from '../domain/alerts/rules.ts';
import { knownRules, type PlanContent, ruleTitle } from '../domain/capacity/plan-content.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { WorkshopKey } from '../domain/workshops/workshop-key.ts';
import type { SharedDocument } from './shared-document.ts';

const EVERY_MS = 1000;
const MINUTE = 60_000;

export interface AlertsNeeds {
  store: {
    load(workshop: WorkshopKey): Promise<KeptAlerts | undefined>;
    save(workshop: WorkshopKey, value: KeptAlerts): Promise<void>;
  };
  /** What the hosts agreed on for the day; the rules are part of it. */
  plan: Pick<SharedDocument<PlanContent>, 'content' | 'change'>;
  /** Adds a sentence to the story of the workshop. */
  note(message: string): Promise<void>;
  log: {
    add(workshop: string, records: readonly AlertRecord[]): void;
    read(workshop: string, most: number): Promise<AlertRecord[]>;
  };
  now(): Readonly<WorkshopSnapshot>;
  capacity: CapacityFacts;
  /** Why the history is not written, with the remedy; null while it is. */
  notKept(): string | null;
  /** Tells every console window. */
  publish(state: AlertsState | null): void;
  everyMs?: number;
}

export interface AlertsKeeper extends AlertsService {
  /** Another workshop is current; null for none. The plan is turned by whoever keeps it. */
  turnTo(workshop: WorkshopKey | null): void;
  /** Looks now instead of at the next second. */
  look(): void;
  close(): void;
}

/** Looks at the workshop once a second and tells the host what needs a person: once, until it is over. */
export function createAlertsService(needs: AlertsNeeds): AlertsKeeper {
  const { store, log, publish } = needs;
  let workshop: WorkshopKey | null = null;
  /** What was kept is on its way from the disk: nothing is judged before, or it would be told twice. */
  let ready = false;
  let settings: AlertSettings = freshAlertSettings();
  let quietUntil: number | null = null;
  let rang = 0;
  let askedAt: number | null = null;
  let lastRing: AlertsState['lastRing'] = null;
  let savedOpen = '';
  const engine = createAlertEngine();
  const progress = createProgressWatch();
  const listeners = new Set<(ring: AlertRing) => void>();

  const stateOf = (now: number): AlertsState => ({
    alerts: engine.alerts(now),
    rang,
    lastRing,
    askedAt,
    sound: settings.sound,
    desktop: settings.desktop,
    quietUntil,
  });
  const keep = async () => {
    if (workshop === null) return;
    const open = engine.open().map(({ action: _, ...one }) => one);
    savedOpen = JSON.stringify(open);
    await store.save(workshop, { settings, quietUntil, open });
  };
  // It is done; a lost note changes nothing.
  const tell = (message: string) => void needs.note(message).catch(() => {});
  const keepQuietly = () => void keep().catch(() => {});

  const ring = (alert: Alert) => {
    const title = RULES.find(({ id }) => id === alert.rule)?.title ?? alert.rule;
    rang += 1;
    lastRing = { id: alert.id, severity: alert.severity, title, text: alert.text };
    if (settings.desktop) for (const listener of listeners) listener({ title, text: alert.text });
  };

  const look = () => {
    const plan = needs.plan.content();
    if (workshop === null || !ready || plan === null) return;
    const now = Date.now();
    const snapshot = needs.now();
    const rules = rulesInForce({ rules: knownRules(plan.rules) });
    const values = new Map(rules.map(({ id, threshold }) => [id, threshold?.value ?? 0]));
    const running = progress.look(snapshot, liveHosts(snapshot, now), now);
    const seen = lookAround({
      ...{ snapshot, now, running, capacity: needs.capacity },
      threshold: (rule) => values.get(rule) ?? 0,
      lastMoved: progress.lastMoved(),
      notKept: needs.notKept(),
    });
    if (quietUntil !== null && quietUntil <= now) quietUntil = null;
    const { rings, records } = engine.step(seen, rules, now, quietUntil !== null);
    for (const alert of rings) ring(alert);
    log.add(workshop.address, records);
    publish(stateOf(now));
    if (records.length + rings.length > 0 && savedOpen !== openText()) keepQuietly();
  };
  const openText = () => JSON.stringify(engine.open().map(({ action: _, ...one }) => one));
  const timer = setInterval(look, needs.everyMs ?? EVERY_MS).unref();

  const current = (): WorkshopKey => {
    if (workshop !== null) return workshop;
    throw new WorkshopError('WRONG_STATE', 'No workshop is set up yet.', {
      remedy: 'Enter the Redis address of the workshop first.',
    });
  };
  const change = async (next: Partial<AlertSettings>) => {
    current();
    settings = { ...settings, ...next };
    look();
    await keep();
  };

  return {
    rules: async () => rulesInForce({ rules: knownRules(needs.plan.content()?.rules ?? {}) }),
    async setRule({
      rule,
      enabled,
      threshold,
    }: {
      rule: RuleId;
      enabled: boolean;
      threshold: number | null;
    }) {
      const set = threshold === null ? '' : ` (threshold ${threshold})`;
      await needs.plan.change(
        `Turned the alert ${ruleTitle(rule)} ${enabled ? 'on' : 'off'}${enabled ? set : ''}.`,
        (plan) => ({ ...plan, rules: { ...plan.rules, [rule]: { enabled, threshold } } }),
      );
      look();
    },
    setChannels: (channels) => change(channels),
    async snooze({ key, minutes }) {
      current();
      if (!engine.snooze(key, minutes === null ? null : Date.now() + minutes * MINUTE))
        throw new WorkshopError('NOT_FOUND', 'This alert is over already.');
      look();
      await keep();
      const rule = engine.open().find((one) => one.key === key)?.rule ?? key;
      tell(
        minutes === null
          ? `Brought the alert ${ruleTitle(rule)} back.`
          : `Snoozed the alert ${ruleTitle(rule)} for ${minutes} min on this console.`,
      );
    },
    async quiet({ minutes }) {
      current();
      quietUntil = minutes === null ? null : Date.now() + minutes * MINUTE;
      look();
      await keep();
    },
    history: async ({ most }) => log.read(current().address, most),
    onRing(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ask() {
      askedAt = Date.now();
      look();
    },
    look,
    turnTo(next) {
      workshop = next;
      ready = false;
      settings = freshAlertSettings();
      quietUntil = null;
      lastRing = null;
      engine.restore([]);
      progress.forget();
      if (next === null) return publish(null);
      void store
        .load(next)
        .catch(() => undefined)
        .then((kept) => {
          if (workshop !== next) return;
          if (kept) {
            settings = kept.settings;
            quietUntil = kept.quietUntil;
            engine.restore(kept.open.map((one) => ({ ...one, action: null })));
          }
          savedOpen = openText();
          ready = true;
          look();
        });
    },
    close: () => clearInterval(timer),
  };
}
