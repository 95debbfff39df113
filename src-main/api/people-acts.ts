import { z } from 'zod';
import { CAP_MAX } from '../../worker-agent/src/contract/desired.ts';
import { procedure, router } from './trpc.ts';

/** As jobs carry it: the platform's rule holds at submit only, and who breaks it must be steerable too. */
const userId = z.string().min(1).max(100);
const cap = z.number().int().min(1).max(CAP_MAX).nullable();

/** The host's noun `people`. */
export const peopleActs = router({
  hold: procedure
    .input(z.object({ userId, held: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.people.hold(input)),
  nextTurn: procedure
    .input(z.object({ userId: userId.nullable(), was: z.string().max(100).nullable() }))
    .mutation(({ ctx, input }) => ctx.services.people.nextTurn(input)),
  cap: procedure
    .input(z.object({ userId: userId.nullable(), cap, was: cap }))
    .mutation(({ ctx, input }) => ctx.services.people.cap(input)),
  lineCap: procedure
    .input(z.object({ userId: userId.nullable(), cap, was: cap }))
    .mutation(({ ctx, input }) => ctx.services.people.lineCap(input)),
  cancelWaiting: procedure
    .input(z.object({ userId }))
    .mutation(({ ctx, input }) => ctx.services.people.cancelWaiting(input)),
});
