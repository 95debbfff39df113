import type { CapacitySettings, RentalMeter } from '../../../src-main/api/types.ts';
import { clockText, money, spanText } from '../../components/format.ts';

type Rental = NonNullable<CapacitySettings['rental']>;

/** The meter as it stands now, in figures and sentences. */
export interface RentalWords {
  spent: string;
  idle: string;
  /** "62 % of the time" or the like. */
  busyShare: string;
  end: string;
  safe: string;
  tone: 'ok' | 'warn' | 'fail' | 'off';
}

/** Reads the meter off. @param now local epoch ms. */
export function rentalWords(rental: Rental, meter: RentalMeter, now: number): RentalWords {
  const until = Math.min(now, rental.endsAt ?? now);
  const ranMs = Math.max(0, until - rental.startedAt);
  // Between two words of main a job that runs goes on counting.
  const busyMs = Math.min(ranMs, meter.busyMs + (meter.busyNow ? Math.max(0, until - meter.at) : 0));
  const cost = (ms: number) => money((ms / 3_600_000) * rental.pricePerHour, rental.currency);
  const share = ranMs === 0 ? 0 : Math.round((busyMs / ranMs) * 100);
  return {
    spent: cost(ranMs),
    idle: cost(ranMs - busyMs),
    busyShare: ranMs === 0 ? 'It begins now.' : `A job was running ${share} % of ${spanText(ranMs)}.`,
    ...endWords(rental, meter, now),
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
