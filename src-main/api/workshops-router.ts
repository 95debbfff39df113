import { z } from 'zod';
import { profileSchema } from '../domain/workshops/profile.ts';
import { procedure, router } from './trpc.ts';

const id = z.string().min(1).max(64);
const password = z.string().max(1000);

/** The noun `workshops`: those that this console keeps, and which of them it watches. */
export const workshopsRouter = router({
  view: procedure.query(({ ctx }) => ctx.services.workshops.view()),
  save: procedure
    .input(z.object({ profile: profileSchema, password: password.nullable().optional() }))
    .mutation(({ ctx, input }) => ctx.services.workshops.save(input)),
  turnTo: procedure
    .input(z.object({ id, password: password.optional() }))
    .mutation(({ ctx, input }) => ctx.services.workshops.turnTo(input)),
  remove: procedure
    .input(z.object({ id }))
    .mutation(({ ctx, input }) => ctx.services.workshops.remove(input)),
  exportFile: procedure
    .input(z.object({ id }))
    .mutation(({ ctx, input }) => ctx.services.workshops.exportFile(input)),
  importFile: procedure
    .input(z.object({ text: z.string().max(200_000, 'that is too large for a workshop file') }))
    .mutation(({ ctx, input }) => ctx.services.workshops.importFile(input)),
  keepInFile: procedure
    .input(z.object({ inFile: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.workshops.keepInFile(input)),
  adoptImport: procedure
    .input(z.object({ draftId: z.string().max(100), id }))
    .mutation(({ ctx, input }) => ctx.services.workshops.adoptImport(input)),
});
