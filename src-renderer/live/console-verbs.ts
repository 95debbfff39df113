import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** Sets what other consoles call this one; null takes the usual name. */
export function useRenameConsole() {
  return useVerb<{ name: string | null }, void>({
    run: (client, input) => client.consoleName.rename.mutate(input),
    done: () => sayDone('Other hosts read the new name from the next act on.', undefined, 'console-name'),
    failed: (error, again) => sayFailed('The name was not changed', error, again),
  });
}
