import { z } from 'zod';
import { REMEDIES } from '../domain/remedies/remedy.ts';
import { procedure, router } from './trpc.ts';

const input = z.object({
  machineId: z.string().min(1).max(64),
  remedy: z.enum(REMEDIES),
  draftId: z.string().max(100).nullable(),
  subject: z.string().max(100).nullable(),
});

/** The noun `remedies`: what can be mended on a machine from here, seen first and then done. */
export const remediesRouter = router({
  plan: procedure.input(input).mutation(({ ctx, input: asked }) => ctx.services.remedies.plan(asked)),
  carryOut: procedure
    .input(
      input.extend({
        // One for each participant’s folder at most.
        commands: z.array(z.string().max(4000)).max(1000),
        sudoPassword: z.string().max(1000).nullable(),
      }),
    )
    .mutation(({ ctx, input: asked }) => ctx.services.remedies.carryOut(asked)),
});
