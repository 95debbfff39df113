import type { HostView } from '../../../src-main/api/types.ts';
import type { Waits } from '../../live/store.ts';
import { isScaling } from './host-health.ts';

/** A wait that is worth a worker, and a cut that is worth saying, ms. */
const LONG_WAIT = 4 * 60_000;
const CUT = 2 * 60_000;
const CUT_SHARE = 0.8;

const ORDINALS = ['', '', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/**
 * "A third worker cuts the wait from about 18 to 11 min.", when it matters and a host may run one more; empty
 * otherwise, and while workers already come and go. Says nothing about whether it fits into the GPU's memory.
 */
export function describeWhatIf(waits: Waits | null, hosts: readonly HostView[]): string {
  if (waits?.newJob.kind !== 'range' || hosts.some(isScaling)) return '';
  if (!hosts.some(({ status }) => status !== null && status.workers.length < status.maxWorkers)) return '';
  const more = waits.whatIf.at(-1);
  const now = waits.whatIf.find(({ workers }) => workers + 1 === more?.workers);
  if (!now || !more) return '';
  if (now.p50 < LONG_WAIT || now.p50 - more.p50 < CUT || more.p50 > now.p50 * CUT_SHARE) return '';
  const which = ORDINALS[more.workers];
  const verb = waits.newJob.guess ? 'would cut' : 'cuts';
  const from = Math.round(now.p50 / 60_000);
  const to = Math.max(1, Math.round(more.p50 / 60_000));
  const guess = waits.newJob.guess ? ', by a first guess' : '';
  return `${which ? `A ${which}` : 'One more'} worker ${verb} the wait from about ${from} to ${to} min${guess}.`.replace(
    'A eighth',
    'An eighth',
  );
}
