import { setTimeout as sleep } from 'node:timers/promises';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/**
 * A machine for whoever cannot wait until a person has answered what it asks.
 * @param open may wait for minutes while a question is open.
 * @throws WorkshopError HOST_SILENT after `patienceMs`, else what `open` throws; the signal's reason.
 */
export async function openInTime<Host>(
  open: () => Promise<Host>,
  patienceMs: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<Host> {
  const over = new AbortController();
  const late = sleep(patienceMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(() => {
    throw new WorkshopError('HOST_SILENT', 'Its link does not stand.', {
      remedy: 'Answer what it asks, or connect it in Setup, then try again.',
    });
  });
  try {
    return await Promise.race([open(), late]);
  } finally {
    over.abort();
    late.catch(() => {});
  }
}
