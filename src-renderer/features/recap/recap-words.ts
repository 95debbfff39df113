import type { LocalDay, Recap, RecapCost, RecapHour } from '../../../src-main/api/types.ts';
import { clockText, countText, money, plural, spanText, UNKNOWN } from '../../components/format.ts';
import type { PeopleWords } from '../../live/people-words.ts';

/** "Tuesday, 24 November 2026"; with `today` or `yesterday` before it. */
export function dayText(day: LocalDay, now: number): string {
  const date = dateOf(day);
  const text = date.toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  });
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - date.getTime()) / 86_400_000);
  return days === 0 ? `Today, ${text}` : days === 1 ? `Yesterday, ${text}` : text;
}

function dateOf(day: LocalDay): Date {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date);
}

/** GPU time as people read it: "48 min", "12.4 h". */
export function gpuText(ms: number): string {
  if (ms > 0 && ms < 30_000) return '< 1 min';
  return ms < 90 * 60_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}

/** "10:00–11:00". */
export function hourText(at: number): string {
  return `${clockText(at, at)}–${clockText(at + 3_600_000, at + 3_600_000)}`;
}

/** Less than this is not worth a word, hours. */
const WORTH_HOURS = 1 / 60;

/** What the day cost, in figure and words; a price that nobody entered is not known, never nothing. */
export function rentText({ costs }: Pick<Recap, 'costs'>): { amount: string; aside: string } {
  const [only] = costs;
  if (!only) return { amount: UNKNOWN, aside: 'no price known, see Capacity' };
  const amount = sumText(costs.map((cost) => [cost.amount, cost.currency]));
  if (costs.length === 1) return { amount, aside: `${rateText(only)}, ${idleText([only])}` };
  return { amount, aside: `${costs.length} GPU hosts, ${idleText(costs)}` };
}

/** "6.0 h at €2.85". */
export const rateText = ({ hours, perHour, currency }: RecapCost): string =>
  `${hours.toFixed(1)} h at ${money(perHour, currency)}`;

/** What of it was paid for nothing, as far as that is known: what is not known may have been, too. */
export function idleText(costs: readonly RecapCost[]): string {
  const known = costs.flatMap(({ idle, currency }) => (idle === null ? [] : [[idle, currency] as const]));
  if (known.length === 0) return 'idle time not known';
  const unknown = costs.reduce((sum, { unknownHours }) => sum + unknownHours, 0);
  if (unknown < WORTH_HOURS) return `${sumText(known)} of it idle`;
  return `at least ${sumText(known)} of it idle, ${spanText(unknown * 3_600_000)} not known`;
}

/** Currencies are not added to each other. */
function sumText(amounts: readonly (readonly [number, string])[]): string {
  return [...Map.groupBy(amounts, ([, currency]) => currency)]
    .map(([currency, own]) =>
      money(
        own.reduce((sum, [amount]) => sum + amount, 0),
        currency,
      ),
    )
    .join(' + ');
}

/** Nobody watched in this hour: its jobs are counted, the rest is not known. */
export const isGap = ({ peakWaiting, utilization }: RecapHour) =>
  peakWaiting === null && utilization === null;

/** The day in one sentence. */
export function recapSentence({ jobs, people, waits, from, until }: Recap, words: PeopleWords): string {
  const made = plural(jobs.completed, 'job was', 'jobs were');
  if (from === null || until === null) return 'Nothing is known of this day.';
  const span = `between ${clockText(from, from)} and ${clockText(until, until)}`;
  const who = people.length > 0 ? ` for ${words.count(people.length)}` : '';
  const wait = waits ? ` The usual wait was ${spanText(waits.median)}.` : '';
  return `${made} made${who} ${span}.${wait}`;
}

/** What the figures cannot tell: time in which no console watched. */
export function watchedSentence({ from, until, watchedMs }: Recap): string | undefined {
  if (from === null || until === null) return undefined;
  const missing = until - from - watchedMs;
  if (missing < 120_000) return undefined;
  return `For ${spanText(missing)} of that time this console did not watch: queue depth and utilisation are not known then. Jobs are counted all the same.`;
}

/** The largest share of failed jobs in words: "7 failed, 3.4 %". */
export function failedText({ jobs }: Recap): string {
  const ended = jobs.completed + jobs.failed;
  if (jobs.failed === 0) return 'none failed';
  return `${countText(jobs.failed)} failed, ${((jobs.failed / ended) * 100).toFixed(1)} %`;
}
