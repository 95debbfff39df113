import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type HistoryRecord, keyOf } from './record.ts';

/** Records of one day that could not be kept. */
export interface Loss {
  /** Figures of the charts. */
  samples: number;
  /** All else: jobs, events, prices, what the estimates learned. */
  others: number;
  /** `full`: the day takes no more; `disk`: more waited than fits while the disk took none. */
  why: 'full' | 'disk';
  /** When the last one was lost, local epoch ms; 0 for never. */
  at: number;
  /** Of `others`, so that a job that is told again is lost once. */
  keys: ReadonlySet<string>;
}

/** Keys beyond that are counted each time they come; a loss that large is told all the same. */
const KEYS_MAX = 20_000;

export const noLoss = (): Loss => ({ samples: 0, others: 0, why: 'full', at: 0, keys: new Set() });

/** @param at local epoch ms. */
export function withLoss(
  before: Loss,
  records: readonly HistoryRecord[],
  why: Loss['why'],
  at: number,
): Loss {
  if (records.length === 0) return before;
  const keys = new Set(before.keys);
  let { samples, others } = before;
  for (const record of records) {
    const key = keyOf(record);
    if (record.t === 'sample') samples += 1;
    else if (key === null || !keys.has(key)) others += 1;
    if (key !== null && keys.size < KEYS_MAX) keys.add(key);
  }
  return { samples, others, why, at, keys };
}

/** What the host reads about it; undefined when nothing was lost. */
export function lossFault({ samples, others, why }: Loss): WorkshopError | undefined {
  if (samples === 0 && others === 0) return undefined;
  const figures = `${samples} figure${samples === 1 ? '' : 's'} of the charts`;
  const happened = `${others} record${others === 1 ? '' : 's'} of jobs and events`;
  const what = others === 0 ? figures : samples === 0 ? happened : `${happened} and ${figures}`;
  if (why === 'disk')
    return new WorkshopError('CONFIG', `While the disk took nothing, ${what} of today got lost.`, {
      remedy: 'What comes now is kept again. The recap of today is short of them.',
    });
  return new WorkshopError(
    'CONFIG',
    `The history of today is full, and ${what} could not be kept.${others === 0 ? ' Jobs and events still are.' : ''}`,
    {
      remedy:
        others === 0
          ? 'The charts have gaps after a restart; a new file begins at midnight.'
          : 'Take the jobs home as a table now, while Redis still lists them; a new file begins at midnight.',
    },
  );
}
