import { procedure, router } from './trpc.ts';

/** The noun `demo`: a workshop on this computer to look around in. */
export const demoRouter = router({
  view: procedure.query(({ ctx }) => ctx.services.demo.view()),
  start: procedure.mutation(({ ctx }) => ctx.services.demo.start()),
  leave: procedure.mutation(({ ctx }) => ctx.services.demo.leave()),
});
