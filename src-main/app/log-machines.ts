import { createLocalHost } from '../connections/hosts/local-host.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import { AGENT_ROOTS } from '../domain/deploy/layout.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';
import type { LogsNeeds } from '../services/logs/logs-service.ts';

/** Where an agent is installed, by this console or by hand. */
export const LOG_ROOTS: readonly string[] = [...AGENT_ROOTS, '~/.local/state/worker-agent'];

const THIS_COMPUTER = { id: 'this-computer', name: 'This computer' };

/** The workshop's GPU hosts; where it has none yet, this computer. */
export function logMachines(
  profile: () => Promise<WorkshopProfile | null>,
  open: (hostId: string) => Promise<RemoteHost>,
): LogsNeeds['machines'] {
  return {
    async list() {
      const hosts = (await profile())?.gpuHosts ?? [];
      return hosts.length === 0 ? [THIS_COMPUTER] : hosts.map(({ id, name }) => ({ id, name }));
    },
    open: async (id) => (id === THIS_COMPUTER.id ? createLocalHost() : open(id)),
  };
}
