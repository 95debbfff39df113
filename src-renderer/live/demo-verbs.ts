import { useQueryClient } from '@tanstack/react-query';
import type { DemoView } from '../../src-main/api/types.ts';
import { sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { useNameQuery } from './name-query.ts';

/** The workshop to look around in. */

const KEY = 'demo';

/** How the demo stands; undefined until it is known. */
export function useDemo(): DemoView | undefined {
  return useNameQuery(KEY, (client) => client.demo.view.query());
}

function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({ queryKey: [KEY] });
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
