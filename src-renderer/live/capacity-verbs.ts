import { useQuery } from '@tanstack/react-query';
import type { CapacitySettings, Catalogue } from '../../src-main/api/types.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useClient, useVerb } from './command.ts';

const ABOUT = 'capacity';

/** The model catalogue; undefined while it is on its way. */
export function useCatalogue(): Catalogue | undefined {
  const client = useClient();
  return useQuery({
    queryKey: ['capacity', 'catalogue'],
    queryFn: () => client.capacity.catalogue.query(),
    networkMode: 'always',
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

export function useSetPlan() {
  return useVerb<Pick<CapacitySettings, 'preset' | 'users'>, void>({
    run: (client, input) => client.capacity.setPlan.mutate(input),
    failed: (error, again) => sayFailed('The plan was not changed', error, again),
  });
}

export function useSetGuard() {
  return useVerb<Pick<CapacitySettings, 'guardMiB'> & { hostId: string | null }, void>({
    run: (client, input) => client.capacity.setGuard.mutate(input),
    done: (_, { hostId, guardMiB }) => {
      const whose = hostId === null ? 'The guard' : `The guard of ${hostId}`;
      const usual = hostId === null ? "the agent's own again" : 'that of all hosts again';
      const what = guardMiB === null ? usual : `${(guardMiB / 1024).toFixed(0)} GB`;
      sayDone(`${whose} is ${what}.`, undefined, ABOUT);
    },
    failed: (error, again) => sayFailed('The guard was not changed', error, again),
  });
}

export function useSetRental() {
  return useVerb<Pick<CapacitySettings, 'rental'> & { hostId: string | null }, void>({
    run: (client, input) => client.capacity.setRental.mutate(input),
    done: (_, { rental }) =>
      sayDone(rental === null ? 'The rental meter is off.' : 'The rental meter runs.', undefined, ABOUT),
    failed: (error, again) => sayFailed('The rental was not changed', error, again),
  });
}
