import type { QueueMode } from '../../../worker-agent/src/contract/desired.ts';

/** Where a click left the fleet: what is wanted now. Effects are seen as desired versus observed. */
export interface FleetReceipt {
  hostId: string;
  revision: number;
  /** What was wanted before, for undo. */
  before: { workers: number; drained: string[] };
  wanted: { workers: number; drained: string[] };
}

/** `revision` is the one the person saw; null = none yet. A different one in Redis gives CONFLICT. */
export interface FleetService {
  setCount(input: { hostId: string; workers: number; revision: number | null }): Promise<FleetReceipt>;
  /** `workerIds` empty means every worker of the host. */
  drain(input: { hostId: string; workerIds: string[]; revision: number | null }): Promise<FleetReceipt>;
  resume(input: { hostId: string; workerIds: string[]; revision: number | null }): Promise<FleetReceipt>;
  restartWorker(input: { hostId: string; workerId: string }): Promise<{ message: string }>;
  freeVram(input: { hostId: string; workerId: string }): Promise<{ message: string }>;
  holdQueue(input: { held: boolean; revision: number | null }): Promise<{ revision: number }>;
  setMode(input: { mode: QueueMode | null; revision: number | null }): Promise<{ revision: number }>;
}
