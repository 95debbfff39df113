import type { CapacityState, HostView } from '../../../src-main/api/types.ts';
import { fitWords, isOfNow } from '../../components/fit-words.ts';
import type { Waits } from '../../live/store.ts';
import { isScaling } from './host-health.ts';

/** A wait that is worth a worker, and a cut that is worth saying, ms. */
const LONG_WAIT = 4 * 60_000;
const CUT = 2 * 60_000;
const CUT_SHARE = 0.8;

const ORDINALS = ['', '', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'];

/**
 * "A third worker cuts the wait from about 18 to 11 min, and fits.", when it matters and a host may run one more;
 * empty otherwise, and while workers already come and go. It names the host on which one more fits best.
 */
export function describeWhatIf(
  waits: Waits | null,
  all: readonly HostView[],
  capacity: CapacityState | null,
): string {
  // One that does not speak starts nothing.
  const hosts = all.filter(({ id }) => {
    const known = capacity?.hosts[id];
    return known === undefined || isOfNow(known);
  });
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
  const fit = fitOfOneMore(hosts, capacity, all.length > 1);
  return `${which ? `A ${which}` : 'One more'} worker ${verb} the wait from about ${from} to ${to} min${guess}${fit}`.replace(
    'A eighth',
    'An eighth',
  );
}

/** Whether one worker more fits, on the host where it fits best, as the end of the sentence. */
function fitOfOneMore(hosts: readonly HostView[], capacity: CapacityState | null, several: boolean): string {
  const free = hosts.filter(({ status }) => status !== null && status.workers.length < status.maxWorkers);
  const words = free.map((host) => ({
    host,
    fit: fitWords(capacity?.hosts[host.id], (host.status?.workers.length ?? 0) + 1),
  }));
  const rank = { ok: 0, warn: 1, off: 2, fail: 3 };
  const [best] = words.sort((a, b) => rank[a.fit.tone] - rank[b.fit.tone]);
  if (!best || best.fit.tone === 'off') return '.';
  const where = several ? ` on ${best.host.id}` : '';
  if (best.fit.tone === 'ok') return `, and fits${where}.`;
  // For the only host the figures stand under the stepper.
  return `, but ${best.fit.verdict}${where}${several ? ` (${best.fit.figures})` : ''}.`;
}
