import { goTo } from '../components/navigate.ts';
import { useSetPlan } from '../live/capacity-verbs.ts';
import { useSetCount } from '../live/fleet-verbs.ts';
import { useLive } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

/** What the palette can do about capacity; nothing before a workshop is set up. */
export function useCapacityActions(): PaletteAction[] {
  const settings = useLive(({ capacity }) => capacity?.settings ?? null);
  const advised = useLive(({ capacity }) => capacity?.advice?.workers ?? null);
  const onlyHost = useLive(({ hostIds }) => (hostIds.length === 1 ? (hostIds[0] ?? null) : null));
  const plan = useSetPlan();
  const setCount = useSetCount();
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
  if (advised !== null && onlyHost !== null)
    actions.push({
      id: 'capacity/advised',
      label: `Run the advised number of workers: ${advised}`,
      act: () => setCount.mutate({ hostId: onlyHost, workers: advised }),
    });
  return actions;
}
