import { READY_VIEWS, showView } from '../components/ready-views.ts';
import { useJobViews } from '../live/job-views.ts';
import type { PaletteAction } from './palette-action.ts';

/** The views of the jobs, saved ones first. */
export function useJobViewActions(): PaletteAction[] {
  const own = useJobViews()?.views ?? [];
  return [
    ...own.map((view) => ({
      id: `view/own/${view.name}`,
      label: `Jobs: ${view.name}`,
      act: () => showView(view),
    })),
    ...READY_VIEWS.map((view) => ({
      id: `view/ready/${view.name}`,
      label: `Jobs: ${view.name}`,
      act: () => showView(view),
    })),
  ];
}
