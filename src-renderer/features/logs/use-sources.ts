import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { ErrorInfo, LogMachine, LogSource } from '../../../src-main/api/types.ts';
import { useAskedLog } from '../../components/navigate.ts';
import { errorInfoOf, useClient } from '../../live/command.ts';
import type { LogChoice } from './use-log.ts';

/** Machines and logs are looked for again so often while somebody looks, ms. */
const LOOK_EVERY = 15_000;

export interface Sources {
  machines: readonly LogMachine[];
  machine: LogMachine | null;
  sources: readonly LogSource[];
  source: LogSource | null;
  choice: LogChoice | null;
  trouble: ErrorInfo | null;
  looking: boolean;
  lookAgain(): void;
}

/** The one that was looked at last, for when this screen is opened again. */
let remembered: { machineId: string; sourceId: string | null } | null = null;

/** Which logs there are, and the one that the address names, else the one looked at last, else the first. */
export function useSources(): Sources {
  const client = useClient();
  const asked = useAskedLog();
  const wanted = asked ?? remembered;
  useEffect(() => {
    if (asked) remembered = asked;
  }, [asked]);
  const always = { networkMode: 'always', retry: false, refetchInterval: LOOK_EVERY } as const;
  const machinesQuery = useQuery({
    ...always,
    queryKey: ['logs', 'machines'],
    queryFn: () => client.logs.machines.query(),
  });
  const machines = machinesQuery.data ?? [];
  const machine = machines.find(({ id }) => id === wanted?.machineId) ?? machines[0] ?? null;
  const machineId = machine?.id ?? '';
  const sourcesQuery = useQuery({
    ...always,
    queryKey: ['logs', 'sources', machineId],
    queryFn: () => client.logs.sources.query({ machineId }),
    enabled: machine !== null,
  });
  const sources = sourcesQuery.data ?? [];
  const source = sources.find(({ id }) => id === wanted?.sourceId) ?? sources[0] ?? null;
  const error = machinesQuery.error ?? sourcesQuery.error;
  return {
    machines,
    machine,
    sources,
    source,
    choice: machine && source ? { machineId: machine.id, sourceId: source.id } : null,
    trouble: error ? errorInfoOf(error) : null,
    looking: machinesQuery.isLoading || sourcesQuery.isFetching,
    lookAgain() {
      void machinesQuery.refetch();
      if (machine) void sourcesQuery.refetch();
    },
  };
}
