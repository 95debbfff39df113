import { goTo } from '../components/navigate.ts';
import { spreadWords } from '../features/capacity/advice-words.ts';
import { useSetPlan } from '../live/capacity-verbs.ts';
import { useSetCounts } from '../live/fleet-verbs.ts';
import { useLive, useLiveData } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

/** What the palette can do about capacity; nothing before a workshop is set up. */
export function useCapacityActions(): PaletteAction[] {
  const settings = useLive(({ capacity }) => capacity?.settings ?? null);
  const advice = useLiveData(({ capacity }) => capacity?.advice ?? null);
  const plan = useSetPlan();
  const setCounts = useSetCounts();
  if (settings === null) return [];
  const { users, preset } = settings;
  const actions: PaletteAction[] = [];
  if (preset !== 'image')
    actions.push({
      id: 'capacity/image',
      label: 'Plan: a workshop with pictures',
      act: () => plan.mutate({ preset: 'image', users }),
    });
  if (preset !== 'video')
    actions.push({
      id: 'capacity/video',
      label: 'Plan: a workshop with video',
      act: () => plan.mutate({ preset: 'video', users }),
    });
  actions.push(
    { id: 'capacity/guard', label: 'Guard line for VRAM…', act: () => goTo('capacity') },
    { id: 'capacity/rental', label: 'Rental: price, end, meter…', act: () => goTo('capacity') },
  );
  const spread = advice?.spread ?? [];
  if (advice && spread.reduce((sum, { workers }) => sum + workers, 0) === advice.workers)
    actions.push({
      id: 'capacity/advised',
      label: `Run the advised number of workers: ${spread.length === 1 ? advice.workers : spreadWords(spread)}`,
      act: () => setCounts.mutate({ counts: spread }),
    });
  return actions;
}
