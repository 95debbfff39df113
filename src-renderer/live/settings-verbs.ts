import { useQueryClient } from '@tanstack/react-query';
import type { ErrorInfo, RedisSettings } from '../../src-main/api/types.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** What the host does to the link itself. */

/** Sets up the workshop that this console watches. The caller shows the failure beside the form. */
export function useConnect(
  failed: Parameters<typeof useVerb<RedisSettings & { name: string }, void>>[0]['failed'],
) {
  return useVerb<RedisSettings & { name: string }, void>({
    run: (client, input) => client.settings.connect.mutate(input),
    failed,
  });
}

/** Tries a lost link now instead of at its next turn. */
export function useReconnectNow() {
  return useVerb<void, void>({
    run: (client) => client.settings.reconnectNow.mutate(),
    failed: (error, again) => sayFailed('Redis was not reached', error, again),
  });
}

/** Another password for the Redis that is watched. The caller shows the failure beside the field. */
export function useEnterPassword(after: {
  done?: (() => void) | undefined;
  failed: (error: ErrorInfo) => void;
}) {
  const queries = useQueryClient();
  return useVerb<{ password: string; keep: boolean }, void>({
    run: (client, input) => client.settings.enterPassword.mutate(input),
    done() {
      void queries.invalidateQueries({ queryKey: ['workshops'] });
      sayDone('Redis has taken the password.', undefined, 'redis-password');
      after.done?.();
    },
    failed: (error) => after.failed(error),
  });
}

/** Forgets the workshop on this laptop; nothing in Redis changes. */
export function useDisconnect() {
  return useVerb<void, void>({
    run: (client) => client.settings.disconnect.mutate(),
    done: () => sayDone('This console no longer watches a workshop. The workshop itself goes on.'),
    failed: (error, again) => sayFailed('The workshop was not forgotten', error, again),
  });
}
