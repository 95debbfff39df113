import type { HostStatus, WorkerStatus } from '../../../worker-agent/src/contract/host.ts';
import { PROTOCOL_VERSION } from '../../../worker-agent/src/contract/protocol.ts';

/** A status as an agent writes it, with these idle workers. */
export function hostStatus(change: Partial<HostStatus> = {}, workerIds: readonly string[] = []): HostStatus {
  const workers: WorkerStatus[] = workerIds.map((id) => ({
    id,
    state: { kind: 'idle', since: 1 },
    endpoint: null,
    comfyVersion: null,
    gpuIndex: 0,
    completed: 0,
    failed: 0,
  }));
  return {
    protocol: PROTOCOL_VERSION,
    hostId: 'h100',
    agentVersion: '0.1.0',
    instance: 'i',
    at: 1,
    startedAt: 1,
    nextWithinMs: 15_000,
    phase: 'running',
    runtime: 'external',
    queueMode: 'fifo',
    desiredRevision: null,
    controlRevision: null,
    maxWorkers: 3,
    guardMiB: null,
    workers,
    gpus: [],
    gpuError: null,
    vram: [],
    ...change,
  };
}
