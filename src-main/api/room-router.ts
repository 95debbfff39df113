import { procedure, router } from './trpc.ts';

/**
 * All that the room view may ask: its picture. Who comes with the room's read-only token gets this router and no other,
 * so nothing can be changed and no id, error or prompt can be read.
 */
export const roomRouter = router({
  view: procedure.subscription(async function* ({ ctx, signal }) {
    yield* ctx.services.room.view(signal ?? new AbortController().signal, ctx.backlogBytes);
  }),
});

export type RoomRouter = typeof roomRouter;
