import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import type { HostView } from '../domain/workshop.ts';
import { openInTime } from './open-in-time.ts';
import type { OutputFiles, OutputPlace, OutputPlaces } from './roles.ts';

/** A machine that files can be fetched from. */
export interface FileMachine {
  /** As in `MachineView`; null for this computer. */
  machineId: string | null;
  /** For sentences: "the VPS", or what the host calls the GPU host. */
  name: string;
  /** May wait while a question is open. @throws WorkshopError when it cannot be reached. */
  open(): Promise<RemoteHost>;
}

export interface OutputPlacesNeeds {
  /** As they are watched now, by host id. */
  hosts(): Readonly<Record<string, HostView>>;
  /** null where this console has no login to one. */
  vps(): Promise<FileMachine | null>;
  /** @param hostId AGENT_HOST_ID. null for a machine that this console does not know. */
  gpuHost(hostId: string): Promise<FileMachine | null>;
  /** Files below a folder of a machine. */
  folder(open: () => Promise<RemoteHost>, root: string): OutputFiles;
  /** Where this computer has the users' files, as whoever started the console said; null for nowhere. */
  own: { path: string; open(): Promise<RemoteHost> } | null;
}

/** Nobody waits longer for a picture from a machine that is away, ms. */
const PATIENCE_MS = 20_000;

/** Finds each job's files where its agent put them: on the VPS, or on the GPU host. */
export function createOutputPlaces({ hosts, vps, gpuHost, folder, own }: OutputPlacesNeeds): OutputPlaces {
  const at = (machine: FileMachine, path: string, late: number): OutputPlace => ({
    ...{ kind: 'there', label: `${machine.name} (${path})`, machineId: machine.machineId, late },
    files: folder(() => openInTime(machine.open, PATIENCE_MS), path),
  });
  return {
    async of(made) {
      const id = hostOf(made, hosts());
      const status = id === null ? undefined : hosts()[id]?.status;
      const files = status?.files;
      const late = status?.late?.files ?? 0;
      const machine =
        files === undefined || id === null ? null : files.on === 'vps' ? await vps() : await gpuHost(id);
      if (files && machine) return at(machine, files.path, late);
      if (own) return at({ machineId: null, name: 'this computer', open: own.open }, own.path, late);
      if (id === null)
        return {
          kind: 'no-way',
          why: 'It is not known which machine made these files.',
          remedy: 'Once its agent reports again, open this job anew.',
        };
      if (!files)
        return {
          kind: 'no-way',
          why: `The agent on ${id} does not tell where its files are.`,
          remedy: status
            ? 'Upgrade it on Hosts, then open this job anew.'
            : 'Once it reports, open this job anew.',
        };
      return files.on === 'vps'
        ? {
            kind: 'no-way',
            why: `The files are on the VPS in ${files.path}, and this console has no login to it.`,
            remedy: 'Enter the login to the VPS in Setup.',
          }
        : {
            kind: 'no-way',
            why: `The files stayed on ${id} in ${files.path}, and this console has no login to that machine.`,
            remedy: 'Add it to the GPU hosts in Setup.',
          };
    },
  };
}

/** By the claim, else by who runs the worker, else the only one there is. */
function hostOf(
  { hostId, workerId }: { hostId: string | null; workerId: string | null },
  hosts: Readonly<Record<string, HostView>>,
): string | null {
  if (hostId !== null) return hostId;
  const ids = Object.keys(hosts);
  const running = ids.filter((id) => hosts[id]?.status?.workers.some((worker) => worker.id === workerId));
  const [first, ...others] = workerId !== null && running.length > 0 ? running : ids;
  return first !== undefined && others.length === 0 ? first : null;
}
