import { z } from 'zod';
import { ruleIdSchema } from '../domain/alerts/rules.ts';
import { procedure, router } from './trpc.ts';

/** Longest snooze: a day. */
const minutes = z.number().int().min(1).max(1440).nullable();

/** The noun `alerts`; the alerts themselves come with the live workshop. */
export const alertsRouter = router({
  rules: procedure.query(({ ctx }) => ctx.services.alerts.rules()),
  setRule: procedure
    .input(z.object({ rule: ruleIdSchema, enabled: z.boolean(), threshold: z.number().finite().nullable() }))
    .mutation(({ ctx, input }) => ctx.services.alerts.setRule(input)),
  setChannels: procedure
    .input(z.object({ sound: z.boolean().optional(), desktop: z.boolean().optional() }))
    .mutation(({ ctx, input }) => ctx.services.alerts.setChannels(input)),
  snooze: procedure
    .input(z.object({ key: z.string().min(1).max(500), minutes }))
    .mutation(({ ctx, input }) => ctx.services.alerts.snooze(input)),
  quiet: procedure
    .input(z.object({ minutes }))
    .mutation(({ ctx, input }) => ctx.services.alerts.quiet(input)),
  history: procedure
    .input(z.object({ most: z.number().int().min(1).max(500) }))
    .query(({ ctx, input }) => ctx.services.alerts.history(input)),
});
