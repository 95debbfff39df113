import { FAILURE_CAUSES } from '../../worker-agent/src/contract/failure-cause.ts';
import { cut, plural } from '../components/format.ts';
import { groupFailures } from '../features/jobs/failure-groups.ts';
import { helpsToRequeue } from '../features/jobs/failures-panel.tsx';
import { useBulk } from '../live/bulk-verbs.ts';
import { useStaggered } from '../live/clock.ts';
import { liveStore } from '../live/store.ts';
import type { PaletteAction } from './palette-action.ts';

/** Groups that are offered, those that hit most people first. */
const MOST = 6;

/** Requeueing what one step has mended. @param open Errors are read only while somebody looks. */
export function useFailureActions(open: boolean): PaletteAction[] {
  const text = useStaggered(1000, () => (open ? readGroups() : '[]'));
  const bulk = useBulk();
  const groups = JSON.parse(text) as { key: string; title: string; count: number }[];
  return groups.map(({ key, title, count }) => ({
    id: `requeue/${key}`,
    label: `Requeue ${plural(count, 'job')}: ${title}`,
    act: () => {
      const jobIds = groupFailures(liveStore.getState().jobs.all())
        .filter((group) => group.key === key)
        .flatMap(({ jobs }) => jobs.map(({ id }) => id));
      if (jobIds.length > 0) bulk.mutate({ kind: 'requeue', jobIds });
    },
  }));
}

function readGroups(): string {
  const groups = groupFailures(liveStore.getState().jobs.all())
    .filter(({ cause }) => helpsToRequeue(cause))
    .slice(0, MOST)
    .map(({ key, cause, about, jobs }) => {
      const { name } = FAILURE_CAUSES[cause];
      return { key, title: about === null ? name : `${name} ${cut(about, 60)}`, count: jobs.length };
    });
  return JSON.stringify(groups);
}
