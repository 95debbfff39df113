import { createLocalHost } from '../connections/hosts/local-host.ts';
import { VPS } from '../domain/hosts/machine-view.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';
import type { ImportMachines } from '../services/env-import/roles.ts';
import type { FileMachine, OutputPlacesNeeds } from '../services/output-places.ts';
import { thisComputer } from './deploy-targets.ts';

/** The machines of the workshop that is watched, as finished files are fetched from them. */
export function fileMachines(
  followed: () => WorkshopProfile | null,
  hosts: () => Pick<ImportMachines, 'vps' | 'gpuHost'>,
): Pick<OutputPlacesNeeds, 'vps' | 'gpuHost'> {
  return {
    vps: async () =>
      followed()?.vps ? { machineId: VPS, name: 'the VPS', open: () => hosts().vps() } : null,
    async gpuHost(hostId): Promise<FileMachine | null> {
      const host = followed()?.gpuHosts.find(({ id }) => id === hostId);
      if (host)
        return {
          ...{ machineId: host.login === null ? null : host.id, name: host.name },
          open: () => hosts().gpuHost(host.id),
        };
      return hostId === thisComputer().hostId
        ? { machineId: null, name: 'this computer', open: async () => createLocalHost() }
        : null;
    },
  };
}
