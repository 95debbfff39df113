import { z } from 'zod';
import { BASE_PORTS } from '../domain/deploy/agent-settings.ts';
import { SKIPPABLE_STEPS } from '../domain/deploy/skippable-steps.ts';
import { procedure, router } from './trpc.ts';

const targetId = z.string().min(1).max(200);
const skip = z.array(z.enum(SKIPPABLE_STEPS)).max(SKIPPABLE_STEPS.length);

/** What stands in a line of an env file. */
const line = z
  .string()
  .trim()
  .max(2000)
  .regex(/^[^\p{Cc}]*$/u, 'holds characters that cannot be written');

/** The noun `deploy`: the agent on its machines. */
export const deployRouter = router({
  changes: procedure.subscription(async function* ({ ctx, signal }) {
    yield* ctx.services.deploy.changes(signal ?? new AbortController().signal);
  }),
  look: procedure
    .input(z.object({ targetId, skip }))
    .mutation(({ ctx, input }) => ctx.services.deploy.look(input)),
  start: procedure
    .input(
      z.object({
        targetId,
        act: z.enum(['deploy', 'rollback', 'uninstall']),
        skip,
        // One line: sudo reads it as such.
        sudoPassword: z
          .string()
          .max(1000)
          .regex(/^[^\r\n]*$/, 'a password is one line')
          .nullable(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.deploy.start(input)),
  choose: procedure
    .input(
      z.object({
        targetId,
        choices: z.object({
          runtime: z.enum(['compose', 'process', 'external']).nullable(),
          image: line,
          command: line,
          urls: line,
          modelsPath: line,
          basePort: z.int().min(BASE_PORTS.least).max(BASE_PORTS.most).nullable(),
        }),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.deploy.choose(input)),
  stop: procedure.input(z.object({ targetId })).mutation(({ ctx, input }) => ctx.services.deploy.stop(input)),
});
