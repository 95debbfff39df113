import { z } from 'zod';
import { procedure, router } from './trpc.ts';

const day = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'a day is written like 2026-11-24');

/** The host's noun `history`: what was kept of past days. */
export const historyActs = router({
  state: procedure.query(({ ctx }) => ctx.services.history.state()),
  days: procedure.query(({ ctx }) => ctx.services.history.days()),
  recap: procedure.input(z.object({ day })).query(({ ctx, input }) => ctx.services.history.recap(input)),
  table: procedure
    .input(z.object({ day, table: z.enum(['people', 'jobs', 'hours', 'failures', 'acts']) }))
    .query(({ ctx, input }) => ctx.services.history.table(input)),
  /** Desktop: a PDF of the page, where the person wants it. In a browser: its own print dialog. */
  print: procedure
    .input(z.object({ day }))
    .mutation(({ ctx, input }) => ctx.print?.(`workshop-${input.day}.pdf`) ?? { kind: 'browser' as const }),
});
