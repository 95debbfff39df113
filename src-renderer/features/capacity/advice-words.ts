import type { CapacityState, WorkerAdvice } from '../../../src-main/api/types.ts';
import { ABSENT } from '../../components/fit-words.ts';
import { listText, plural } from '../../components/format.ts';
import type { PeopleWords } from '../../live/people-words.ts';

/** Why so many workers are advised, and who was not counted, in sentences. */
export function adviceWords(
  { advice, settings }: Pick<CapacityState, 'advice' | 'settings'>,
  people: PeopleWords,
): string {
  if (!advice)
    return `Choose a kind of workshop or enter how many ${people.many} take part, and a number of workers is advised.`;
  const { workers, byPreset, byUsers, byCards, byMemory, carried, reserve } = advice;
  const parts: string[] = [];
  if (settings.preset === 'video' && byPreset !== null)
    parts.push(`the guide gives video ${plural(byPreset, 'worker')} a GPU host`);
  else if (byUsers !== null && settings.users !== null)
    parts.push(`the guide gives ${people.count(settings.users)} ${plural(byUsers, 'worker')}`);
  else if (byPreset !== null) parts.push(`the guide gives pictures ${plural(byPreset, 'worker')}`);
  const asked = parts.length;
  if (byCards !== null && byCards <= workers) parts.push(`the cards are meant for ${byCards}`);
  if (byMemory !== null && byMemory <= workers)
    parts.push(
      byMemory === 0
        ? 'not even one stays below the guard with the heaviest kind'
        : `${byMemory} fit below the guard${reserve ? ', without what others hold, which is not known' : ''}`,
    );
  if (parts.length === asked && carried !== null && carried <= workers)
    parts.push(`the GPU hosts carry ${carried}, each within its cards, memory and limit`);
  const words = `Advised: ${plural(workers, 'worker')}, since ${parts.join(', and ')}.`;
  return [words, leftOutWords(advice)].filter(Boolean).join(' ');
}

function leftOutWords({ leftOut, spread }: WorkerAdvice): string {
  if (leftOut.length === 0) return '';
  if (spread.length === 0 && leftOut.every(({ word }) => word === 'unreachable'))
    return 'No GPU host is counted, since Redis is not reached.';
  return `Not counted: ${listText(
    leftOut.map(({ hostId, word }) => `${hostId} (${ABSENT[word]})`),
    9,
  )}.`;
}

/** "2 on gpu-1, 1 on gpu-2". */
export const spreadWords = (spread: WorkerAdvice['spread']): string =>
  spread.map(({ hostId, workers }) => `${workers} on ${hostId}`).join(', ');
