import { z } from 'zod';
import { procedure, router } from './trpc.ts';

const id = z.string().min(1).max(64);

/** The noun `machines`: the links to VPS and GPU hosts, and what they ask. */
export const machinesRouter = router({
  connect: procedure
    .input(z.object({ id }))
    .mutation(({ ctx, input }) => ctx.services.machines.connect(input)),
  disconnect: procedure
    .input(z.object({ id }))
    .mutation(({ ctx, input }) => ctx.services.machines.disconnect(input)),
  forgetHostKey: procedure
    .input(z.object({ id, machine: z.string().min(1).max(1000) }))
    .mutation(({ ctx, input }) => ctx.services.machines.forgetHostKey(input)),
  answer: procedure
    .input(
      z.object({
        id,
        questionId: z.string().max(64),
        answer: z.array(z.string().max(1000)).max(20).nullable(),
        keep: z.boolean(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.machines.answer(input)),
  keeping: procedure.query(({ ctx }) => ctx.services.machines.keeping()),
});
