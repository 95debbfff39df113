import { z } from 'zod';
import { jobViewSchema } from '../domain/job-view.ts';
import { procedure, router } from './trpc.ts';

const { name } = jobViewSchema.shape;

/** The noun `jobViews`; each change answers with all that are kept from then on. */
export const jobViewsRouter = router({
  list: procedure.query(({ ctx }) => ctx.services.jobViews.list()),
  save: procedure.input(jobViewSchema).mutation(({ ctx, input }) => ctx.services.jobViews.save(input)),
  rename: procedure
    .input(z.object({ name, to: name }))
    .mutation(({ ctx, input }) => ctx.services.jobViews.rename(input)),
  remove: procedure
    .input(z.object({ name }))
    .mutation(({ ctx, input }) => ctx.services.jobViews.remove(input)),
});
