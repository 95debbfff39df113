import { countText, plural } from '../../components/format.ts';
import type { EndedKind, ShortList } from '../../live/list-reach.ts';
import { STATUS_WORDS } from './job-words.ts';
import type { JobStatus } from './select-jobs.ts';

/** How far the lists reach, in the words of the Jobs screen. */

/** "latest 1,000 of 5,300 done". */
const latest = ({ kind, listed, all }: ShortList) =>
  `latest ${countText(listed)} of ${countText(all)} ${STATUS_WORDS[kind].word}`;

/** "12 of 1,420 jobs listed · latest 1,000 of 5,300 done"; without the second half when the lists hold everything. */
export function footText(found: number, listed: number, short: readonly ShortList[]): string {
  const words = `${countText(found)} of ${plural(listed, 'job')}`;
  return short.length === 0 ? words : `${words} listed · ${short.map(latest).join(', ')}`;
}

/**
 * The figure of a chip: all that there are, or "at least" where a filter picks from a list that is short.
 * @param status null for the chip of all states. @param narrowed something besides the state picks.
 */
export function chipText(
  count: number,
  status: JobStatus | null,
  short: readonly ShortList[],
  narrowed: boolean,
): string {
  const cut = short.filter(({ kind }) => status === null || kind === (status as EndedKind));
  if (cut.length === 0) return countText(count);
  if (narrowed) return `${countText(count)}+`;
  const missing = cut.reduce((sum, { all, listed }) => sum + all - listed, 0);
  return `${countText(count)} of ${countText(count + missing)}`;
}

/** What no search in the lists can find, and where it stands; undefined when the lists hold everything. */
export function limitText(short: readonly ShortList[]): string | undefined {
  if (short.length === 0) return undefined;
  return `Only the ${short.map(latest).join(', ')} are listed. Earlier ones are found by their whole job id, and in the tables (CSV) of the Recap.`;
}
