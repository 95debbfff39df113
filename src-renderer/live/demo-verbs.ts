import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { DemoView } from '../../src-main/api/types.ts';
import { sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';
import { useLive } from './store.ts';

/** The workshop to look around in. */

const KEY = ['demo'];

/** How the demo stands; undefined until it is known. */
export function useDemo(): DemoView | undefined {
  const client = useClient();
  // Entering and leaving it change the name that main pushes.
  const name = useLive((state) => state.name);
  return useQuery({
    queryKey: [...KEY, name],
    queryFn: () => client.demo.view.query(),
    networkMode: 'always',
    staleTime: 0,
    placeholderData: (before) => before,
  }).data;
}

function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: KEY });
    void queries.invalidateQueries({ queryKey: ['workshops'] });
  };
}

export function useStartDemo(done: () => void) {
  const refresh = useRefresh();
  return useVerb<void, void>({
    run: (client) => client.demo.start.mutate(),
    done() {
      refresh();
      done();
    },
    failed: (error, again) => sayFailed('The demo was not opened', error, again),
  });
}

export function useLeaveDemo() {
  const refresh = useRefresh();
  return useVerb<void, void>({
    run: (client) => client.demo.leave.mutate(),
    done: refresh,
    failed: (error, again) => sayFailed('The demo was not left', error, again),
  });
}
