import { z } from 'zod';
import { procedure, router } from './trpc.ts';

/** Longest file that may be handed in as text; a real .env has about ten thousand characters. */
const TEXT_MAX = 500_000;
const id = z.string().max(100);
const path = z.string().trim().min(1, 'give a path').max(1000);
const draft = z.object({ id });

/** The noun `envImport`: the VPS's .env on its way to a GPU host. */
export const envImportRouter = router({
  find: procedure.mutation(({ ctx }) => ctx.services.envImport.find()),
  readVps: procedure
    .input(z.object({ path }))
    .mutation(({ ctx, input }) => ctx.services.envImport.readVps(input)),
  readFile: procedure
    .input(z.object({ path }))
    .mutation(({ ctx, input }) => ctx.services.envImport.readFile(input)),
  readText: procedure
    .input(
      z.object({
        text: z.string().max(TEXT_MAX, 'that is too large for a .env file'),
        name: z.string().max(300),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.envImport.readText(input)),
  choose: procedure
    .input(
      z.object({
        id,
        accepted: z.array(z.string().max(300)).max(500),
        values: z.record(z.string().max(100), z.string().max(2000)),
        target: z.object({ hostId: id, path: z.string().trim().max(1000) }).nullable(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.envImport.choose(input)),
  reveal: procedure
    .input(z.object({ id, key: z.string().max(300), of: z.enum(['source', 'target', 'before']) }))
    .mutation(({ ctx, input }) => ctx.services.envImport.reveal(input)),
  write: procedure.input(draft).mutation(({ ctx, input }) => ctx.services.envImport.write(input)),
  prove: procedure.input(draft).mutation(({ ctx, input }) => ctx.services.envImport.prove(input)),
});
