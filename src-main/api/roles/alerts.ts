import type { AlertRecord } from '../../domain/alerts/alert.ts';
import type { RuleId, RuleInForce } from '../../domain/alerts/rules.ts';

/** An alert that rings, for notifications of the operating system. */
export interface AlertRing {
  title: string;
  text: string;
}

/** What needs a person. The alerts themselves come with the live workshop. Setters @throw WorkshopError. */
export interface AlertsService {
  rules(): Promise<RuleInForce[]>;
  /** `threshold` null takes the usual one. */
  setRule(input: { rule: RuleId; enabled: boolean; threshold: number | null }): Promise<void>;
  setChannels(input: { sound?: boolean | undefined; desktop?: boolean | undefined }): Promise<void>;
  /** `minutes` null ends the snooze. */
  snooze(input: { key: string; minutes: number | null }): Promise<void>;
  /** Nothing rings for so long; null ends it. */
  quiet(input: { minutes: number | null }): Promise<void>;
  /** The newest first. */
  history(input: { most: number }): Promise<AlertRecord[]>;
  /** Called for alerts that shall appear outside of the console. @returns a function that ends it. */
  onRing(listener: (ring: AlertRing) => void): () => void;
  /** Every window, also one that opens now, shows its panel of alerts: somebody clicked on one outside of it. */
  ask(): void;
}
