import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { JobView, JobViews } from '../../src-main/api/types.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';

const KEY = ['job-views'];

/** The views that this computer keeps; undefined until they are known. */
export function useJobViews(): JobViews | undefined {
  const client = useClient();
  return useQuery({
    queryKey: KEY,
    queryFn: () => client.jobViews.list.query(),
    networkMode: 'always',
    // Another window may have saved one.
    refetchOnWindowFocus: true,
  }).data;
}

/** Keeps a view; one of the same name is replaced. */
export function useSaveView() {
  const take = useTake();
  return useVerb<JobView, JobViews>({
    run: (client, input) => client.jobViews.save.mutate(input),
    done: (views, { name }) => {
      take(views);
      sayDone(`The view “${name.trim()}” is saved.`, undefined, 'job-view');
    },
    failed: (error, again) => sayFailed('The view was not saved', error, again),
  });
}

/** Gives a kept view another name. */
export function useRenameView() {
  const take = useTake();
  return useVerb<{ name: string; to: string }, JobViews>({
    run: (client, input) => client.jobViews.rename.mutate(input),
    done: take,
    failed: (error, again) => sayFailed('The view was not renamed', error, again),
  });
}

/** Deletes a kept view; the notice brings it back. */
export function useRemoveView() {
  const take = useTake();
  const save = useSaveView();
  return useVerb<{ view: JobView }, JobViews>({
    run: (client, { view }) => client.jobViews.remove.mutate({ name: view.name }),
    done: (views, { view }) => {
      take(views);
      sayDone(`The view “${view.name}” is deleted.`, () => save.mutate(view), 'job-view');
    },
    failed: (error, again) => sayFailed('The view was not deleted', error, again),
  });
}

function useTake(): (views: JobViews) => void {
  const queries = useQueryClient();
  return (views) => queries.setQueryData(KEY, views);
}
