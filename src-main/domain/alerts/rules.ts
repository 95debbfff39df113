import { z } from 'zod';

/** A number that the host may change. */
export interface RuleThreshold {
  value: number;
  unit: string;
  min: number;
  max: number;
}

export interface AlertRule {
  id: RuleId;
  title: string;
  /** When it speaks, in words; `threshold` is named as "this". */
  help: string;
  threshold: RuleThreshold | null;
  /** How long it must hold before it speaks, ms. */
  afterMs: number;
  /** How long it must be over before it ends, ms. */
  clearAfterMs: number;
}

export const ruleIdSchema = z.enum([
  'redis-lost',
  'redis-slow',
  'agent-silent',
  'worker-failed',
  'workers-missing',
  'vram-guard',
  'gpu-unreadable',
  'queue-deep',
  'queue-held',
  'nobody-served',
  'job-stuck',
  'failure-burst',
  'disk-low',
  'unreadable-jobs',
  'rental-ending',
  'history-not-kept',
  'console-notice',
]);
export type RuleId = z.infer<typeof ruleIdSchema>;

const SECOND = 1000;
const at = (value: number, unit: string, min: number, max: number): RuleThreshold => ({
  value,
  unit,
  min,
  max,
});

/**
 * The rules with their defaults, most pressing first. Figures: GPU deployment guide (VRAM below 70 GB of 80; peak
 * waits of 2 to 20 min; model loading 2 to 5 min) and the platform's heartbeat of 60 s (contract 1.1).
 */
export const RULES: readonly AlertRule[] = [
  {
    id: 'redis-lost',
    title: 'Redis lost',
    help: 'The console no longer reaches the workshop.',
    threshold: null,
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'agent-silent',
    title: 'Agent silent',
    help: 'The heartbeat of a GPU host and its workers stays out for this long beyond what its agent promised.',
    threshold: at(10, 's', 0, 600),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'worker-failed',
    title: 'Worker failed',
    help: 'A worker cannot use its ComfyUI server.',
    threshold: null,
    afterMs: 0,
    clearAfterMs: 3 * SECOND,
  },
  {
    id: 'nobody-served',
    title: 'Nobody is served',
    help: 'Jobs wait, the queue is not held, and for this long none started, moved on or ended.',
    threshold: at(5, 'min', 1, 120),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'job-stuck',
    title: 'Job without progress',
    help: 'A running job shows no progress for this long; while models load, for twice as long.',
    threshold: at(5, 'min', 1, 120),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'failure-burst',
    title: 'Failures in a row',
    help: 'This many jobs failed within 10 minutes.',
    threshold: at(3, 'jobs', 1, 100),
    afterMs: 0,
    clearAfterMs: 30 * SECOND,
  },
  {
    id: 'vram-guard',
    title: 'VRAM above the guard',
    help: 'A GPU holds more memory than the guard set on the Capacity screen.',
    threshold: null,
    afterMs: 5 * SECOND,
    clearAfterMs: 10 * SECOND,
  },
  {
    id: 'disk-low',
    title: 'Disk nearly full',
    help: 'A disk of a GPU host has less than this much space left.',
    threshold: at(20, 'GB', 1, 2000),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'workers-missing',
    title: 'Fewer workers than wanted',
    help: 'For this long fewer workers run than were asked for, and none is on its way.',
    threshold: at(60, 's', 5, 1800),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'queue-deep',
    title: 'Deep queue',
    help: 'More jobs than this wait.',
    threshold: at(10, 'jobs', 1, 10_000),
    afterMs: 3 * SECOND,
    clearAfterMs: 10 * SECOND,
  },
  {
    id: 'queue-held',
    title: 'Queue held for long',
    help: 'The queue is held for this long while jobs wait.',
    threshold: at(15, 'min', 1, 600),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'redis-slow',
    title: 'Slow way to Redis',
    help: 'A round trip to Redis takes longer than this.',
    threshold: at(50, 'ms', 5, 5000),
    afterMs: 10 * SECOND,
    clearAfterMs: 10 * SECOND,
  },
  {
    id: 'gpu-unreadable',
    title: 'GPU cannot be read',
    help: 'An agent gets no figures from its GPU.',
    threshold: null,
    afterMs: 5 * SECOND,
    clearAfterMs: 5 * SECOND,
  },
  {
    id: 'unreadable-jobs',
    title: 'Jobs set aside',
    help: 'Jobs could not be read and were set aside.',
    threshold: null,
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'rental-ending',
    title: 'Rental ends soon',
    help: 'The rental entered on the Capacity screen ends within this time.',
    threshold: at(30, 'min', 1, 600),
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'history-not-kept',
    title: 'History is not kept',
    help: 'Something of today cannot be kept on this computer: its disk takes nothing, or the day is full.',
    threshold: null,
    afterMs: 0,
    clearAfterMs: 0,
  },
  {
    id: 'console-notice',
    title: 'Notice of the console',
    help: 'This console has something to say about itself, such as settings that could not be read.',
    threshold: null,
    afterMs: 0,
    clearAfterMs: 0,
  },
];

/** What the host changed; what is not in here is as RULES has it. */
export const alertSettingsSchema = z.object({
  rules: z.partialRecord(
    ruleIdSchema,
    z.object({ enabled: z.boolean(), threshold: z.number().finite().nullable() }),
  ),
  sound: z.boolean(),
  desktop: z.boolean(),
});
export type AlertSettings = z.infer<typeof alertSettingsSchema>;

export const freshAlertSettings = (): AlertSettings => ({ rules: {}, sound: true, desktop: true });

/** A rule as it holds now. */
export interface RuleInForce extends AlertRule {
  enabled: boolean;
  /** The threshold of RULES, to go back to. */
  usual: number | null;
}

/** The rules with the host's changes; a threshold out of bounds is drawn into them. */
export function rulesInForce({ rules }: Pick<AlertSettings, 'rules'>): RuleInForce[] {
  return RULES.map((rule) => {
    const own = rules[rule.id];
    const { threshold } = rule;
    const usual = threshold?.value ?? null;
    if (!threshold) return { ...rule, enabled: own?.enabled ?? true, usual };
    const value = Math.min(threshold.max, Math.max(threshold.min, own?.threshold ?? threshold.value));
    return { ...rule, enabled: own?.enabled ?? true, usual, threshold: { ...threshold, value } };
  });
}
