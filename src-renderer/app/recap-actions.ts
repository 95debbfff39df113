import { takeRecapHome } from '../components/recap-ask.ts';
import { usePeopleWords } from '../live/people-words.ts';
import { useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

/** Taking the day home; nothing before a workshop is set up. */
export function useRecapActions(): PaletteAction[] {
  const set = useLive((state) => state.known && state.name !== null);
  const words = usePeopleWords();
  if (!set) return [];
  return [
    { id: 'recap/pdf', label: 'Recap: save as PDF', act: () => takeRecapHome('pdf') },
    { id: 'recap/picture', label: 'Recap: save as picture (PNG)', act: () => takeRecapHome('picture') },
    { id: 'recap/people', label: `Recap: save ${words.many} as CSV`, act: () => takeRecapHome('people') },
    { id: 'recap/jobs', label: 'Recap: save jobs as CSV', act: () => takeRecapHome('jobs') },
    { id: 'recap/hours', label: 'Recap: save hours as CSV', act: () => takeRecapHome('hours') },
    { id: 'recap/failures', label: 'Recap: save failures as CSV', act: () => takeRecapHome('failures') },
    { id: 'recap/acts', label: 'Recap: save what happened as CSV', act: () => takeRecapHome('acts') },
  ];
}
