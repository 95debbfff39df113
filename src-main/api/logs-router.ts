import { z } from 'zod';
import { procedure, router } from './trpc.ts';

const machineId = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/);
const sourceId = z.string().regex(/^[a-zA-Z0-9_.-]{1,64}$/);

/** Logs by the names that `sources` gives; nobody names a path or a command. */
export const logsRouter = router({
  machines: procedure.query(({ ctx }) => ctx.services.logs.machines()),
  sources: procedure
    .input(z.object({ machineId }))
    .query(({ ctx, input }) => ctx.services.logs.sources(input)),
  follow: procedure.input(z.object({ machineId, sourceId })).subscription(async function* ({
    ctx,
    input,
    signal,
  }) {
    yield* ctx.services.logs.follow(input, signal ?? new AbortController().signal, ctx.backlogBytes);
  }),
});
