import { z } from 'zod';
import { jobIdSchema } from '../../worker-agent/src/contract/job.ts';
import { procedure, router } from './trpc.ts';

/** Jobs that one act may name: what the lists hold. Ids that are none are refused one by one. */
const BULK_MAX = 20_000;

const job = z.object({ jobId: jobIdSchema });
const priority = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]);
const act = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cancel') }),
  z.object({ kind: z.literal('interrupt') }),
  z.object({ kind: z.literal('requeue') }),
  z.object({ kind: z.literal('reinstate') }),
  z.object({ kind: z.literal('prioritise'), priority }),
]);

/** The host's noun `jobs`. */
export const jobActs = router({
  cancel: procedure.input(job).mutation(({ ctx, input }) => ctx.services.jobs.cancel(input)),
  prioritise: procedure
    .input(job.extend({ priority }))
    .mutation(({ ctx, input }) => ctx.services.jobs.prioritise(input)),
  requeue: procedure.input(job).mutation(({ ctx, input }) => ctx.services.jobs.requeue(input)),
  bulk: procedure
    .input(z.object({ jobIds: z.array(z.string().min(1).max(300)).min(1).max(BULK_MAX), act }))
    .mutation(({ ctx, input }) => ctx.services.jobs.bulk(input)),
  find: procedure.input(job).query(({ ctx, input }) => ctx.services.jobs.find(input)),
  detail: procedure.input(job).query(({ ctx, input }) => ctx.services.jobs.detail(input)),
  prompts: procedure.input(job).query(({ ctx, input }) => ctx.services.jobs.prompts(input)),
  preview: procedure
    .input(job.extend({ index: z.number().int().min(0).max(1000) }))
    .query(({ ctx, input }) => ctx.services.jobs.preview(input)),
  filePart: procedure
    .input(
      job.extend({
        index: z.number().int().min(0).max(1000),
        from: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
      }),
    )
    .query(({ ctx, input }) => ctx.services.jobs.filePart(input)),
});
