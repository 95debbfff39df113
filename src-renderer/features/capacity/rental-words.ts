import type { HostMeter, Rental, RentalMeter } from '../../../src-main/api/types.ts';
import { clockText, money, spanText, UNKNOWN } from '../../components/format.ts';

/** What a rental has cost, in its currency. */
interface RentalAmounts {
  spentAmount: number;
  /** While no job ran, as far as that is known; null while nothing is. */
  idleAmount: number | null;
  /** There is time of which it is not known, so it may be more. */
  idleIsLeast: boolean;
}

/** The meter as it stands now, in figures and sentences. */
export interface RentalWords extends RentalAmounts {
  spent: string;
  idle: string;
  /** "62 % of the time" or the like. */
  busyShare: string;
  end: string;
  safe: string;
  tone: 'ok' | 'warn' | 'fail' | 'off';
}

/** Shorter gaps in what is known are not worth a sentence, ms. */
const GAP_MS = 60_000;

/** Reads the meter off. @param now local epoch ms. */
export function rentalWords(rental: Rental, meter: RentalMeter, now: number): RentalWords {
  const until = Math.min(now, rental.endsAt ?? now);
  const ranMs = Math.max(0, until - rental.startedAt);
  const costOf = (ms: number) => (ms / 3_600_000) * rental.pricePerHour;
  const { idleMs, idleIsLeast, busyShare } = busyWords(rental, meter, until, now);
  const idleAmount = idleMs === null ? null : costOf(idleMs);
  return {
    spent: money(costOf(ranMs), rental.currency),
    spentAmount: costOf(ranMs),
    idle: idleText(idleAmount, idleIsLeast, rental.currency),
    ...{ idleAmount, idleIsLeast, busyShare },
    ...endWords(rental, meter, now),
  };
}

/** What all rentals have cost together; currencies are not added to each other. */
export function totalWords(rentals: readonly HostMeter[], now: number): { spent: string; idle: string } {
  const read = rentals.map(({ rental, meter }) => ({ rental, words: rentalWords(rental, meter, now) }));
  const byCurrency = [...Map.groupBy(read, ({ rental }) => rental.currency)];
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  return {
    spent: byCurrency
      .map(([currency, own]) => money(sum(own.map(({ words }) => words.spentAmount)), currency))
      .join(' + '),
    idle: byCurrency
      .map(([currency, own]) => {
        const known = own.flatMap(({ words }) => words.idleAmount ?? []);
        const isLeast = known.length < own.length || own.some(({ words }) => words.idleIsLeast);
        return idleText(known.length === 0 ? null : sum(known), isLeast, currency);
      })
      .join(' + '),
  };
}

/** What is not known may have been idle too. */
const idleText = (amount: number | null, isLeast: boolean, currency: string): string =>
  amount === null ? UNKNOWN : `${isLeast ? 'at least ' : ''}${money(amount, currency)}`;

/** What is known of the time when no job ran, and what is not. */
function busyWords(
  { startedAt }: Rental,
  { at, busyMs, busyNow, known, live, unsureMs }: RentalMeter,
  until: number,
  now: number,
): Pick<RentalWords, 'idleIsLeast' | 'busyShare'> & { idleMs: number | null } {
  if (until <= startedAt) return { idleMs: 0, idleIsLeast: false, busyShare: 'It begins now.' };
  if (busyMs === null || known === null)
    return {
      ...{ idleMs: null, idleIsLeast: false },
      busyShare: 'When a job was running is not known: the jobs have not been read yet.',
    };
  // Between two words of main time goes on, and a job that runs goes on counting.
  const knownUntil = live ? until : known.until;
  const knownMs = Math.max(0, knownUntil - known.from);
  const busy = Math.min(knownMs, busyMs + (live && busyNow ? Math.max(0, until - at) : 0));
  const share = knownMs === 0 ? 0 : Math.round((busy / knownMs) * 100);
  const gaps = [
    unsureMs >= GAP_MS && `Of ${spanText(unsureMs)} more it is not known on which host a job ran.`,
    known.from - startedAt >= GAP_MS &&
      `Of the time before ${clockText(known.from, now)} it is not known: the jobs of then are no longer listed.`,
    until - knownUntil >= GAP_MS &&
      `Since ${clockText(known.until, now)} it is not known: Redis is not reached.`,
  ].filter((one) => one !== false);
  return {
    idleMs: Math.max(0, knownMs - busy - unsureMs),
    idleIsLeast: gaps.length > 0,
    busyShare: [`A job was running ${share} % of ${spanText(knownMs)}.`, ...gaps].join(' '),
  };
}

function endWords(
  { endsAt }: Rental,
  { lastSafeAt, waitMs, runMs, guess }: RentalMeter,
  now: number,
): Pick<RentalWords, 'end' | 'safe' | 'tone'> {
  if (endsAt === null)
    return { end: 'No end was entered.', safe: 'Enter it to see the last safe time to submit.', tone: 'off' };
  if (now >= endsAt)
    return {
      end: `It ended at ${clockText(endsAt, now)}.`,
      safe: 'Enter the new end if it goes on, or switch the meter off.',
      tone: 'fail',
    };
  const end = `It ends at ${clockText(endsAt, now)}, in ${spanText(endsAt - now)}.`;
  if (lastSafeAt === null)
    return {
      end,
      safe: 'When to submit at the latest is not known while nobody can say how long a new job waits.',
      tone: 'off',
    };
  const made =
    waitMs === null || runMs === null
      ? ''
      : ` (wait up to ${spanText(waitMs)}, run up to ${spanText(runMs)}${guess ? ', by a first guess' : ''})`;
  if (now > lastSafeAt)
    return {
      end,
      safe: `What is submitted now may not be finished by then${made}. Tell the room, or hold the queue.`,
      tone: 'warn',
    };
  return { end, safe: `Last safe time to submit: ${clockText(lastSafeAt, now)}${made}.`, tone: 'ok' };
}
