import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';
import { createLocalHost } from '../connections/hosts/local-host.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import { rootFor } from '../domain/deploy/layout.ts';
import type { MachineLogin, WorkshopProfile } from '../domain/workshops/profile.ts';
import type { ImportMachines } from '../services/env-import/roles.ts';

/** Opens a machine that is logged in to, e.g. over SSH. @throws WorkshopError when it cannot be reached. */
export type OpenMachine = (target: MachineLogin & { id: string; name: string }) => Promise<RemoteHost>;

/** The machines of the workshop that is current. */
export function machinesOf(
  current: () => Promise<WorkshopProfile | null>,
  open: OpenMachine,
): ImportMachines {
  return {
    local: createLocalHost(),
    async vps() {
      const profile = await current();
      if (profile?.vps) return open({ ...profile.vps, id: 'vps', name: 'the VPS' });
      throw new WorkshopError('WRONG_STATE', 'No login to the VPS is set up yet.', {
        remedy: 'Enter it in Setup, or choose a .env file on this computer.',
      });
    },
    async agentRoot(id) {
      return rootFor((await current())?.gpuHosts.find((one) => one.id === id)?.provider);
    },
    async gpuHost(id) {
      const host = (await current())?.gpuHosts.find((one) => one.id === id);
      if (!host)
        throw new WorkshopError('NOT_FOUND', 'This GPU host is not set up.', {
          remedy: 'Add it in Setup first.',
        });
      if (host.login === null) return createLocalHost({ label: `${host.name} (this computer)` });
      return open({ ...host.login, id, name: host.name });
    },
  };
}
