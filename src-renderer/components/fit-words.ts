import type { CapacityState, FitOfCount, HostCapacity } from '../../src-main/api/types.ts';
import { cardGigabytes, cut, gigabytes, listText, plural } from './format.ts';
import type { Tone } from './tone.ts';

/** Whether so many workers fit, in words for a place with little room and for one with more. */
export interface FitWords {
  tone: Extract<Tone, 'ok' | 'warn' | 'fail' | 'off'>;
  /** "fits", "does not fit", … */
  verdict: string;
  /** "3 workers: up to about 63.2 of 80 GB, guard 70 GB". */
  figures: string;
  /** Why, and what follows. */
  reason: string;
}

const whole = (mib: number | null) => gigabytes(mib).replace('.0', '');

/**
 * Says before the click what so many workers need. Not knowing is said as well.
 * @param stale the host's figures are only the last known, whatever `capacity` says itself.
 */
export function fitWords(capacity: HostCapacity | undefined, workers: number, stale = false): FitWords {
  const fit = capacity?.counts.find((one) => one.workers === workers);
  const name = plural(workers, 'worker');
  if (workers === 0) return { tone: 'ok', verdict: 'fits', figures: 'no worker', reason: '' };
  if (!capacity || !fit)
    return {
      tone: 'off',
      verdict: 'not known whether it fits',
      figures: name,
      reason: unknownReason(capacity),
    };
  const guard = capacity.guardMiB === null ? '' : `, guard ${whole(capacity.guardMiB)} GB`;
  const figures = `${name}: up to about ${gigabytes(fit.needMiB)} of ${cardGigabytes(capacity.totalMiB)} GB${guard}`;
  const reason = `${basisOf(capacity, fit)} ${AFTER[fit.verdict]}`.trim();
  const { tone, verdict } = fit.verdict === 'fits' && fit.reserve ? MAY_FIT : VERDICTS[fit.verdict];
  if (!stale && isOfNow(capacity)) return { tone, verdict, figures, reason };
  return {
    tone: 'off',
    verdict: `${verdict} by its last word`,
    figures,
    reason: `${absenceSentence(capacity.word)} ${reason}`,
  };
}

/** What is said of a host holds now; else it is the last known. */
export const isOfNow = ({ word }: Pick<HostCapacity, 'word'>): boolean =>
  word === 'now' || word === 'stopping';

/** Of an agent that does not speak, in a word or two for a list; empty for one that does. */
export const ABSENT: Record<HostCapacity['word'], string> = {
  now: '',
  stopping: 'stopping',
  stopped: 'stopped',
  silent: 'silent',
  unheard: 'not reported yet',
  mismatch: 'other version',
  unreachable: 'not reached',
};

function absenceSentence(word: HostCapacity['word']): string {
  if (word === 'stopped') return 'Its agent was stopped; this is its last word.';
  if (word === 'silent') return 'Its agent is silent; this is its last word.';
  return 'This is the last known; nothing newer is heard of it.';
}

/** Fits beside what is known; what is not known may stand in the way. */
const MAY_FIT: Pick<FitWords, 'tone' | 'verdict'> = { tone: 'off', verdict: 'may fit' };

const VERDICTS: Record<FitOfCount['verdict'], Pick<FitWords, 'tone' | 'verdict'>> = {
  fits: { tone: 'ok', verdict: 'fits' },
  tight: { tone: 'warn', verdict: 'does not fit below the guard' },
  over: { tone: 'fail', verdict: 'does not fit' },
};

const AFTER: Record<FitOfCount['verdict'], string> = {
  fits: '',
  tight: 'It may be started all the same; large jobs then come close to the end of the memory.',
  over: 'It may be started all the same: a job that does not fit then waits until there is room. Nothing is lost, but it will not be faster.',
};

function unknownReason(capacity: HostCapacity | undefined): string {
  if (!capacity || capacity.totalMiB === null) return "The GPU's memory is not known yet.";
  if (capacity.heaviest === null)
    return 'It is not known yet what will run. Choose a preset on the Capacity screen, or run one job of each kind.';
  return 'The agent has not said that it can run so many.';
}

/** "If all run sdxl image at once (8.0 GB each, seen 12 times)." */
function basisOf(capacity: HostCapacity, { workers }: FitOfCount): string {
  const { heaviest, otherMiB, cards } = capacity;
  if (!heaviest) return '';
  const basis =
    heaviest.basis === 'seen'
      ? heaviest.runs === 0
        ? 'at least, by a run that had too little'
        : `seen ${heaviest.runs === 1 ? 'once' : `${heaviest.runs} times`}`
      : 'a guess from the deployment guide';
  const each = workers === 1 ? '' : ' each';
  const held =
    otherMiB !== null && otherMiB > 512 ? `, and ${gigabytes(otherMiB)} GB are held by others` : '';
  const card = cards > 1 ? `, on the fullest of ${cards} GPUs` : '';
  const run = workers === 1 ? 'if it runs' : 'if all run';
  return `That is ${run} ${cut(heaviest.kind, 60)}${workers === 1 ? '' : ' at once'} (${gigabytes(heaviest.needMiB)} GB${each}, ${basis})${held}${card}${withoutOthers(capacity)}.`;
}

/** ", without what others hold, which is not known"; empty where it is. */
export function withoutOthers({ othersUnknownOn, cards }: HostCapacity): string {
  if (othersUnknownOn.length === 0) return '';
  const where = othersUnknownOn.length === cards ? '' : ` on GPU ${listText(othersUnknownOn.map(String), 9)}`;
  return `, without what others hold${where}, which is not known`;
}

/** Capacity of one host out of the live state. */
export const capacityOfHost = (
  { capacity }: { capacity: CapacityState | null },
  hostId: string,
): HostCapacity | undefined => capacity?.hosts[hostId];
