import { z } from 'zod';
import { CSV_CHARS_MAX } from '../domain/room/nickname-csv.ts';
import { MESSAGE_MAX } from '../domain/room/room-state.ts';
import { procedure, router } from './trpc.ts';

/** Longest break, ms. */
const BREAK_MAX = 24 * 60 * 60 * 1000;

/** The host's noun `room`: what everybody sees, and where. */
export const roomActs = router({
  open: procedure
    .input(z.object({ screenId: z.string().max(100).nullable() }))
    .mutation(({ ctx, input }) => ctx.roomDoor.open(input.screenId)),
  where: procedure.query(({ ctx }) => ctx.roomDoor.where()),
  setMessage: procedure
    .input(
      z.object({
        message: z.string().trim().max(MESSAGE_MAX, `a message has at most ${MESSAGE_MAX} characters`),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.room.setMessage(input)),
  setBreak: procedure
    .input(
      z.object({
        until: z
          .number()
          .refine(
            (at) => at > Date.now() && at < Date.now() + BREAK_MAX,
            'a break ends within the next 24 hours',
          )
          .nullable(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.room.setBreak(input)),
  setFrozen: procedure
    .input(z.object({ frozen: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.room.setFrozen(input)),
  setBlank: procedure
    .input(z.object({ blank: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.room.setBlank(input)),
  setLight: procedure
    .input(z.object({ light: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.room.setLight(input)),
  setUrl: procedure
    .input(
      z.object({
        url: z
          .url({ protocol: /^https?$/, error: 'an address starts with http:// or https://' })
          .max(300)
          .nullable(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.room.setUrl(input)),
  setJoin: procedure
    .input(z.object({ join: z.boolean() }))
    .mutation(({ ctx, input }) => ctx.services.room.setJoin(input)),
  setNickname: procedure
    .input(z.object({ userId: z.string().min(1).max(100), nickname: z.string().max(200) }))
    .mutation(({ ctx, input }) => ctx.services.room.setNickname(input)),
  setNicknames: procedure
    .input(
      z.object({
        csv: z.string().max(CSV_CHARS_MAX, `a list has at most ${CSV_CHARS_MAX} characters`),
        replace: z.boolean(),
      }),
    )
    .mutation(({ ctx, input }) => ctx.services.room.setNicknames(input)),
  nicknameTable: procedure.query(({ ctx }) => ctx.services.room.nicknameTable()),
  applyAgain: procedure.mutation(({ ctx }) => ctx.services.room.applyAgain()),
});
