import type { CapacityState } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';

/** Why so many workers are advised, in sentences. */
export function adviceWords({ advice, settings }: Pick<CapacityState, 'advice' | 'settings'>): string {
  if (!advice)
    return 'Choose a kind of workshop or enter how many people take part, and a number of workers is advised.';
  const { workers, byPreset, byUsers, byCards, byMemory } = advice;
  const parts: string[] = [];
  if (settings.preset === 'video' && byPreset !== null)
    parts.push(`the guide gives video ${plural(byPreset, 'worker')} a GPU host`);
  else if (byUsers !== null && settings.users !== null)
    parts.push(`the guide gives ${plural(settings.users, 'person', 'people')} ${plural(byUsers, 'worker')}`);
  else if (byPreset !== null) parts.push(`the guide gives pictures ${plural(byPreset, 'worker')}`);
  if (byCards !== null && byCards <= workers) parts.push(`the cards are meant for ${byCards}`);
  if (byMemory !== null && byMemory <= workers)
    parts.push(
      byMemory === 0
        ? 'not even one stays below the guard with the heaviest kind'
        : `${byMemory} fit below the guard`,
    );
  return `Advised: ${plural(workers, 'worker')}, since ${parts.join(', and ')}.`;
}
