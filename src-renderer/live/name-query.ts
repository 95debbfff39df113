import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Client } from './client.ts';
import { useClient } from './command.ts';
import { useLive } from './store.ts';

/**
 * What main answers about the workshops of this console; undefined until it is known. Asked anew when the name that
 * main pushes changes, as it does when a workshop is set up or turned to elsewhere in the console.
 * @param key what `invalidateQueries` calls it.
 */
export function useNameQuery<Answer extends object>(
  key: string,
  ask: (client: Client) => Promise<Answer>,
): Answer | undefined {
  const client = useClient();
  const name = useLive((state) => state.name);
  return useQuery({
    queryKey: [key, name],
    queryFn: () => ask(client),
    networkMode: 'always',
    staleTime: 0,
    placeholderData: keepPreviousData,
  }).data;
}
