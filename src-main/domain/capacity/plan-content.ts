import { z } from 'zod';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type AlertSettings, RULES } from '../alerts/rules.ts';
import type { DocumentShape } from '../shared/shared-document.ts';
import type { Entries } from '../shared/wish.ts';
import { capacitySettingsSchema, freshCapacitySettings } from './capacity-settings.ts';

/**
 * What the hosts of a workshop agreed on for the day: plan, guard line, rental, and the rules of the alerts.
 * `agent:plan` in Redis holds it, with its stamp.
 */
export const planContentSchema = capacitySettingsSchema.extend({
  /** By rule; a rule that this version does not know stays as it is. */
  rules: z
    .record(
      z.string().regex(/^[a-z-]{1,60}$/),
      z.object({ enabled: z.boolean(), threshold: z.number().finite().nullable() }),
    )
    .refine((rules) => Object.keys(rules).length <= 100, 'at most 100 rules'),
});
export type PlanContent = z.infer<typeof planContentSchema>;

const RULE = 'rule/';
const GUARD = 'guard/';
const RENTAL = 'rental/';

/** Entries of single things of one sort, and back. */
const spreadOut = (prefix: string, all: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(all).map(([id, value]) => [prefix + id, value]));
const gather = (prefix: string, entries: Entries) =>
  Object.fromEntries(
    Object.entries(entries).flatMap(([key, value]) =>
      key.startsWith(prefix) && value !== null ? [[key.slice(prefix.length), value]] : [],
    ),
  );

/** @param people what the workshop calls them: participants, artists … */
export const planShapeFor = (people: () => string): DocumentShape<PlanContent> => ({
  fresh: () => ({ ...freshCapacitySettings(), rules: {} }),
  entriesOf: ({ preset, guardMiB, guards, users, rental, rentals, rules }) => ({
    ...{ preset, guardMiB, users, rental },
    ...spreadOut(GUARD, guards),
    ...spreadOut(RENTAL, rentals),
    ...spreadOut(RULE, rules),
  }),
  contentOf(entries) {
    const { preset, guardMiB, users, rental } = { ...freshCapacitySettings(), ...entries };
    const content = planContentSchema.safeParse({
      ...{ preset, guardMiB, users, rental },
      guards: gather(GUARD, entries),
      rentals: gather(RENTAL, entries),
      rules: gather(RULE, entries),
    });
    if (content.success) return content.data;
    throw new WorkshopError('BAD_INPUT', `The plan cannot be set so: ${content.error.issues[0]?.message}.`);
  },
  describe(entry, { preset, users, guardMiB, guards, rental, rentals, rules }) {
    if (entry.startsWith(RULE)) {
      const id = entry.slice(RULE.length);
      return `${ruleTitle(id)} is ${rules[id]?.enabled === false ? 'off' : 'set otherwise'}`;
    }
    if (entry.startsWith(GUARD)) {
      const hostId = entry.slice(GUARD.length);
      const own = guards[hostId];
      return own === undefined
        ? `${hostId} has no guard of its own`
        : `the guard of ${hostId} is ${Math.round(own / 1024)} GB`;
    }
    if (entry.startsWith(RENTAL)) {
      const hostId = entry.slice(RENTAL.length);
      const own = rentals[hostId];
      return own ? `the rental of ${hostId} is ${priceText(own)}` : `no rental of ${hostId} is entered`;
    }
    if (entry === 'preset') return `the plan is for ${preset ?? 'nothing in particular'}`;
    if (entry === 'users')
      return users === null ? `no number of ${people()} is set` : `${users} ${people()} are planned`;
    if (entry === 'guardMiB')
      return guardMiB === null
        ? "the guard is the agent's own"
        : `the guard is ${Math.round(guardMiB / 1024)} GB`;
    return rental === null ? 'the rental meter is off' : `the rental is ${priceText(rental)}`;
  },
});

/** In the plain words. */
export const planShape = planShapeFor(() => 'people');

/** "€ 2.5 an hour". */
export const priceText = ({ currency, pricePerHour }: NonNullable<PlanContent['rental']>): string =>
  `${currency} ${pricePerHour} an hour`;

/** What the rule is called on the screens. */
export const ruleTitle = (id: string): string => `“${RULES.find((rule) => rule.id === id)?.title ?? id}”`;

/** The rules of a plan that this version knows. */
export function knownRules(rules: PlanContent['rules']): AlertSettings['rules'] {
  const known: AlertSettings['rules'] = {};
  for (const { id } of RULES) if (rules[id]) known[id] = rules[id];
  return known;
}
