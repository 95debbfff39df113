import { z } from 'zod';
import { hostIdSchema } from '../../worker-agent/src/contract/host.ts';
import { capacitySettingsSchema } from '../domain/capacity/capacity-settings.ts';
import { procedure, router } from './trpc.ts';

const { preset, users, guardMiB, rental } = capacitySettingsSchema.shape;

/** The noun `capacity`; what fits and what it costs comes with the live workshop. */
export const capacityRouter = router({
  catalogue: procedure.query(({ ctx }) => ctx.services.capacity.catalogue()),
  setPlan: procedure
    .input(z.object({ preset, users }))
    .mutation(({ ctx, input }) => ctx.services.capacity.setPlan(input)),
  setGuard: procedure
    .input(z.object({ hostId: hostIdSchema.nullable(), guardMiB }))
    .mutation(({ ctx, input }) => ctx.services.capacity.setGuard(input)),
  setRental: procedure
    .input(z.object({ hostId: hostIdSchema.nullable(), rental }))
    .mutation(({ ctx, input }) => ctx.services.capacity.setRental(input)),
  applyAgain: procedure.mutation(({ ctx }) => ctx.services.capacity.applyAgain()),
});
