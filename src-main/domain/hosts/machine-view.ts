import type { Gpu } from '../../../worker-agent/src/contract/telemetry.ts';
import type { WorkshopProfile } from '../workshops/profile.ts';
import type { HostLinkState, HostTarget } from './host-link.ts';
import type { TailnetView } from './tailnet.ts';

/** A machine of the workshop, and how the way to it stands. Holds no secret. */
export interface MachineView {
  /** 'vps', or the id of the GPU host. */
  id: string;
  role: 'vps' | 'gpu-host';
  /** For sentences: "the VPS", or what the person called the GPU host. */
  name: string;
  /** As it was entered, e.g. "root@203.0.113.7:2222". */
  address: string;
  link: HostLinkState;
  /** The GPU host is the computer that the console runs on: there is no login, so its link always stands. */
  local?: true;
  /** Its GPUs as nvidia-smi tells them over SSH, while no agent of its own does; null or absent while one does. */
  gpus?: MachineGpus | null;
  /** Tailscale there; null or absent before the first look. */
  tailnet?: TailnetView | null;
}

export interface MachineGpus {
  gpus: Gpu[];
  /** What holds memory on them; empty where the driver does not tell. */
  processes: GpuProcess[];
  /** When they were read, local epoch ms; null before the first reading. */
  at: number | null;
  /** Why there are none; null while there are. */
  error: string | null;
  /** The guard line of each card, MiB. */
  guards: { index: number; guardMiB: number | null }[];
}

/** A program that holds memory on one GPU. */
export interface GpuProcess {
  pid: number;
  /** Its name without the folder; null where the driver does not say. */
  program: string | null;
  gpuIndex: number;
  memoryMiB: number;
}

/** Figures older than this are not known now, ms: nvidia-smi prints them once a second. */
const FRESH_MS = 5000;

/** GPU hosts whose cards are read without their agents, and were within the last seconds. `at`: local epoch ms. */
export function freshMachineGpus(
  { machines = [] }: { machines?: readonly MachineView[] },
  at: number,
): (Pick<MachineGpus, 'gpus' | 'guards'> & { hostId: string; name: string })[] {
  return machines.flatMap(({ id, name, gpus: said }) => {
    const fresh = said?.at != null && said.error === null && at - said.at <= FRESH_MS;
    return fresh ? [{ hostId: id, name, gpus: said.gpus, guards: said.guards }] : [];
  });
}

/** A machine as a profile names it. */
export interface MachineEntry {
  role: MachineView['role'];
  target: HostTarget;
}

/** Id of the VPS among the machines; GPU hosts have ids of their own. */
export const VPS = 'vps';

/** The machines of a workshop that need a login; this computer needs none. */
export function machinesIn(profile: WorkshopProfile | null): MachineEntry[] {
  if (!profile) return [];
  const vps: MachineEntry[] = profile.vps
    ? [{ role: 'vps', target: { id: VPS, name: 'the VPS', ...profile.vps } }]
    : [];
  const gpuHosts = profile.gpuHosts.flatMap(({ id, name, login }): MachineEntry[] =>
    login === null || id === VPS ? [] : [{ role: 'gpu-host', target: { id, name, ...login } }],
  );
  return [...vps, ...gpuHosts];
}

/** GPU hosts of a workshop that are the computer that the console runs on. */
export function localHostsIn(profile: WorkshopProfile | null): { id: string; name: string }[] {
  const here = profile?.gpuHosts.filter(({ login, id }) => login === null && id !== VPS) ?? [];
  return here.map(({ id, name }) => ({ id, name }));
}

/** How a person would write the login. */
export function addressOf({ host, user, port }: HostTarget): string {
  return `${user ? `${user}@` : ''}${host}${port ? `:${port}` : ''}`;
}

/**
 * Whether a new state is worth telling: each proof of life brings another round trip, and a screen that shows 38 or
 * 39 ms is not worth a message every two seconds.
 */
export function isLinkNews(before: HostLinkState, after: HostLinkState): boolean {
  if (before.kind !== 'ready' || after.kind !== 'ready' || before.since !== after.since) return true;
  const change = Math.abs(after.rttMs - before.rttMs);
  return change > 3 && change > before.rttMs / 4;
}
