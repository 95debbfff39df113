import { isReporting } from '../../../worker-agent/src/contract/agent-word.ts';
import { useClock } from '../../live/clock.ts';
import { isReached } from '../../live/reached.ts';
import { type LiveState, liveStore, useLiveData } from '../../live/store.ts';
import {
  type GpuFigures,
  gpuFiguresAt,
  gpusOf,
  gpusOfMachine,
  splitOf,
  splitOfMachine,
  type VramSplit,
} from './gpu-view.ts';

/** Whose word the GPU figures of a host are: its agent's, or that of nvidia-smi asked there without the agent. */
export type GpuTeller = 'agent' | 'machine';

export type GpuCard = GpuFigures & VramSplit;

/** nvidia-smi prints once a second; figures older than this are the last known, ms. */
const MACHINE_STALE_MS = 5000;

const readOn = ({ machines }: LiveState, hostId: string) =>
  machines.find(({ id }) => id === hostId)?.gpus ?? null;

function agentTells(state: LiveState, hostId: string, now: number): boolean {
  const host = state.hosts[hostId];
  return host !== undefined && isReached(state) && isReporting(host, now);
}

const agentAt = ({ hosts, clockOffsetMs }: LiveState, hostId: string) =>
  hosts[hostId] ? gpuFiguresAt(hosts[hostId], clockOffsetMs) : null;

/** The agent while it tells, else whoever told last. */
function tellerOf(state: LiveState, hostId: string, now: number): GpuTeller {
  const read = readOn(state, hostId);
  if (!read || read.at === null || read.gpus.length === 0 || agentTells(state, hostId, now)) return 'agent';
  return read.at > (agentAt(state, hostId) ?? 0) ? 'machine' : 'agent';
}

export const useGpuTeller = (hostId: string): GpuTeller =>
  useClock((now) => tellerOf(liveStore.getState(), hostId, now));

/** The cards of a host with who holds their memory; none where nobody told of any. */
export function useGpuCards(hostId: string): GpuCard[] {
  const teller = useGpuTeller(hostId);
  return useLiveData((state): GpuCard[] => {
    const read = readOn(state, hostId);
    if (teller === 'machine' && read)
      return gpusOfMachine(read).map((gpu) => ({ ...gpu, ...splitOfMachine(read, gpu) }));
    const host = state.hosts[hostId];
    return host ? gpusOf(host).map((gpu) => ({ ...gpu, ...splitOf(host, gpu) })) : [];
  });
}

/** When the figures that are shown were read, local epoch ms. */
export function gpusReadAt(state: LiveState, hostId: string, now: number): number | null {
  return tellerOf(state, hostId, now) === 'machine'
    ? (readOn(state, hostId)?.at ?? null)
    : agentAt(state, hostId);
}

/** Whether the GPU figures are only the last known, whoever told them. */
export function useGpusStale(hostId: string): boolean {
  return useClock((now) => {
    const state = liveStore.getState();
    if (tellerOf(state, hostId, now) === 'agent')
      return state.hosts[hostId] !== undefined && !agentTells(state, hostId, now);
    return now - (readOn(state, hostId)?.at ?? 0) > MACHINE_STALE_MS;
  });
}

/** Why nvidia-smi has no figures there while it is asked; '' while it has, or is not asked. */
export const useMachineTrouble = (hostId: string): string =>
  useClock((now) => {
    const state = liveStore.getState();
    const read = readOn(state, hostId);
    if (!read || agentTells(state, hostId, now)) return '';
    return read.error ?? (read.at === null ? 'nvidia-smi is being asked there …' : '');
  });
