import { type UseMutationResult, useMutation } from '@tanstack/react-query';
import { isTRPCClientError } from '@trpc/client';
import { createContext, useContext } from 'react';
import type { AppRouter, ErrorInfo } from '../../src-main/api/types.ts';
import type { Client } from './client.ts';

export const ClientContext = createContext<Client | null>(null);

/** The connection to main, for those who act. */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error('no client above this component');
  return client;
}

/** What a person reads about a failed act. */
export function errorInfoOf(cause: unknown): ErrorInfo {
  const told = isTRPCClientError<AppRouter>(cause) ? cause.data?.workshop : undefined;
  if (told) return told;
  // The socket died under way: main may or may not have carried it out (tRPC does not send it again).
  return {
    code: 'INTERNAL',
    message: 'The console did not answer, so it is not known whether this was carried out.',
    remedy: 'Look at the Stage once it is live again, then repeat if needed.',
    retryable: true,
  };
}

/** A verb that the host can carry out, and the words around it. */
export interface Verb<Input, Output> {
  run: (client: Client, input: Input) => Promise<Output>;
  /** Called when it was carried out. */
  done?: (output: Output, input: Input) => void;
  /** Called when it failed; `again` repeats it with what is true by then. */
  failed: (error: ErrorInfo, again: () => void, input: Input) => void;
}

/** One verb as a TanStack Query mutation. */
export function useVerb<Input, Output>(verb: Verb<Input, Output>): UseMutationResult<Output, Error, Input> {
  const client = useClient();
  const mutation: UseMutationResult<Output, Error, Input> = useMutation({
    networkMode: 'always',
    retry: false,
    // What was sent may hold a password; it is not remembered longer than what sent it stands on the screen.
    gcTime: 0,
    mutationFn: (input: Input) => verb.run(client, input),
    onSuccess: (output, input) => verb.done?.(output, input),
    onError: (cause, input) => verb.failed(errorInfoOf(cause), () => mutation.mutate(input), input),
  });
  return mutation;
}
