import { consoleRun } from '../connections/console-run.ts';
import { readAgentBundle } from '../connections/hosts/agent-bundle.ts';
import { createLocalHost } from '../connections/hosts/local-host.ts';
import { begunRunsFile } from '../connections/store/begun-runs-file.ts';
import { deployFile } from '../connections/store/deploy-file.ts';
import { VPS } from '../domain/hosts/machine-view.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';
import type { WorkshopProfile } from '../domain/workshops/profile.ts';
import { createDeployService } from '../services/deploy/deploy-service.ts';
import { createEnvImport } from '../services/env-import/env-import.ts';
import type { ImportMachines } from '../services/env-import/roles.ts';
import { createRemedies } from '../services/remedies/remedies.ts';
import type { CurrentWorkshop } from '../services/roles.ts';
import type { WorkshopSettings } from '../services/settings.ts';
import { createTeller } from '../services/teller.ts';
import { agentEar } from './agent-ear.ts';
import { deployTargets, THIS_COMPUTER } from './deploy-targets.ts';

export interface MachineWorkNeeds {
  env: Readonly<Record<string, string | undefined>>;
  /** Settings folder. */
  dir: string;
  agentFolders: readonly string[];
  nodeMirror: string;
  hosts: ImportMachines;
  profile(): Promise<WorkshopProfile | null>;
  /** The demo is open: the machines of the saved workshop are not acted on. */
  inDemo(): boolean;
  /** The workshop that is open, and how it is reached. */
  workshop(): CurrentWorkshop | undefined;
  opened(): WorkshopSettings | undefined;
  now(): Readonly<WorkshopSnapshot>;
  /** Name and id of this console. */
  by(): string;
  consoleId: string;
  /** Something changed on a machine: the links that may depend on it are proved. */
  wake(): void;
}

/** What is done to machines: the VPS's .env brought to them, the agent deployed, what is amiss mended. */
export function composeMachineWork(needs: MachineWorkNeeds) {
  const { hosts, profile, workshop, by, now, dir } = needs;
  const teller = () => createTeller(workshop()?.control ?? null, by);
  const envImport = createEnvImport(hosts, (hostId) => deploy.imported(hostId));
  const deploy = createDeployService({
    targets: deployTargets({
      none: needs.inDemo,
      profile,
      open: hosts.gpuHost,
      openVps: hosts.vps,
      redis: needs.opened,
    }),
    bundle: () => readAgentBundle(needs.agentFolders),
    choices: deployFile(dir),
    runs: begunRunsFile(dir),
    claimPrefix: async (prefix, hostId) => {
      const claimed = workshop()?.prefixes.claim(prefix, hostId);
      return (await claimed?.catch(() => null)) ?? null;
    },
    run: consoleRun(needs.consoleId),
    teller,
    ear: agentEar(now),
    by,
    nodeMirror: needs.nodeMirror,
  });
  const remedies = createRemedies({
    host: async (id) => {
      if (id === THIS_COMPUTER) return createLocalHost({ env: needs.env });
      return id === VPS ? hosts.vps() : hosts.gpuHost(id);
    },
    env: envImport,
    outputs: deploy.outputs,
    async mended({ machineId: id, remedy, draftId }) {
      needs.wake();
      if (draftId !== null) await envImport.lookAgain(draftId);
      // A group that the user was put in counts from the next login on.
      if (remedy === 'read-journal')
        await (id === VPS ? hosts.vps() : hosts.gpuHost(id)).then((host) => host.renew?.());
    },
    teller,
  });
  return { envImport, deploy, remedies };
}
