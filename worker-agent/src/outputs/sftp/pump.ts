import { RemoteFailure } from './remote-failure.ts';

/** Bytes of one request: below what OpenSSH and others take in one packet. */
export const CHUNK_BYTES = 32 * 1024;
/** Requests under way at a time. */
const IN_FLIGHT = 64;
/** At most this much at the end of an interrupted transfer may be incomplete: 2 MiB, one SSH window. */
export const WINDOW_BYTES = CHUNK_BYTES * IN_FLIGHT;

/**
 * Goes through `from`…`to` in chunks. Each is prepared after the one before and then moved with several under way at
 * a time, so that requests leave in the order of their positions.
 * @throws the first failure or the signal's reason, after all that were begun have ended.
 */
export async function pumpChunks<Prepared>(
  range: { from: number; to: number },
  signal: AbortSignal,
  prepare: (position: number, length: number) => Promise<Prepared>,
  move: (prepared: Prepared, position: number, length: number) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let failure: { cause: unknown } | undefined;
  for (let position = range.from; position < range.to && !failure; position += CHUNK_BYTES) {
    if (signal.aborted) {
      failure = {
        cause: signal.reason ?? new RemoteFailure('lost', 'the transfer was given up', 'Try again.'),
      };
      break;
    }
    const length = Math.min(CHUNK_BYTES, range.to - position);
    try {
      const prepared = await prepare(position, length);
      const chunk = move(prepared, position, length).catch((cause: unknown) => {
        failure ??= { cause };
      });
      underWay.add(chunk);
      void chunk.then(() => underWay.delete(chunk));
    } catch (cause) {
      failure = { cause };
    }
    if (underWay.size >= IN_FLIGHT) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failure) throw failure.cause;
}
