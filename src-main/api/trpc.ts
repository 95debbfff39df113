import { initTRPC, type TRPCError } from '@trpc/server';
import { type ErrorInfo, toWorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { Print } from './roles/history.ts';
import type { RoomDoor } from './roles/room.ts';
import type { Services } from './roles.ts';

export interface Context {
  services: Services;
  /** How this shell shows the room view. */
  roomDoor: RoomDoor;
  /** Makes a PDF of the caller's page, where the shell can. */
  print?: Print;
  /** Bytes that wait in the caller's transport, where it can tell. */
  backlogBytes?: () => number;
}

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }) {
    return { ...shape, data: { code: shape.data.code, workshop: infoOf(error) } };
  },
});

/** What the person reads; the stack never crosses. */
function infoOf(error: TRPCError): ErrorInfo {
  if (error.code === 'BAD_REQUEST') return toWorkshopError(error.cause ?? error, 'BAD_INPUT').toInfo();
  return toWorkshopError(error.cause ?? error).toInfo();
}

export const router = t.router;
export const procedure = t.procedure;
