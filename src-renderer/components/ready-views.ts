import { create } from 'zustand';
import type { JobView } from '../../src-main/api/types.ts';
import { goTo } from './navigate.ts';

const ANY: JobView['filter'] = {
  ...{ status: null, search: '', kind: null, user: null, worker: null, cause: null },
};

/** Views of the jobs that every console has. */
export const READY_VIEWS: readonly JobView[] = [
  { name: 'Waiting longest', filter: { ...ANY, status: 'pending' }, sort: by('created', false) },
  { name: 'Running longest', filter: { ...ANY, status: 'running' }, sort: by('duration', true) },
  { name: 'Latest failures', filter: { ...ANY, status: 'failed' }, sort: by('created', true) },
  {
    name: 'Stopped by a missing model',
    filter: { ...ANY, status: 'failed', search: 'cause:missing-model' },
    sort: by('user', false),
  },
];

function by(column: JobView['sort']['column'], descending: boolean): JobView['sort'] {
  return { column, descending };
}

/** The view that somebody has just asked for; the Jobs screen takes it. */
export const useAskedView = create<{ view: JobView | null }>(() => ({ view: null }));

/** Opens the Jobs screen as this view shows it. */
export function showView(view: JobView): void {
  goTo('jobs');
  useAskedView.setState({ view });
}

/** Whether the screen shows just what the view says. */
export function isView(view: JobView, filter: JobView['filter'], sort: JobView['sort']): boolean {
  const { status, search, kind, user, worker, cause } = view.filter;
  return (
    status === filter.status &&
    search.trim() === filter.search.trim() &&
    kind === filter.kind &&
    user === filter.user &&
    worker === filter.worker &&
    cause === filter.cause &&
    view.sort.column === sort.column &&
    view.sort.descending === sort.descending
  );
}
