import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

/**
 * Runs one act on Redis and turns its failure into words. An act whose answer is lost may have been carried out, and
 * the sentence says so; one that could not be sent (the link says why) passes as it is.
 */
export async function attempt<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const error = toWorkshopError(cause, 'REDIS_PROTOCOL');
    if (error.code !== 'REDIS_UNREACHABLE' || error.remedy !== undefined) throw error;
    throw new WorkshopError(
      'REDIS_UNREACHABLE',
      'Redis did not answer, so it is not known whether the change was made.',
      {
        remedy:
          'Wait until the Redis link is back, look at what it says now, and then press again if needed.',
        cause,
      },
    );
  }
}
