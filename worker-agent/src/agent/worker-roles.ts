import type { Logger } from 'pino';
import type { ComfyServer } from '../comfy/roles.ts';
import type { QueueMode } from '../contract/desired.ts';
import type { FinishingJob, WorkerState } from '../contract/host.ts';
import type { JobProgress } from '../contract/telemetry.ts';
import type { InputSupply, OutputDelivery } from '../outputs/roles.ts';
import type { Claim, JobConsumer } from '../queue/roles.ts';
import type { ManagedServer } from '../runtime/roles.ts';
import type { Clock } from './clock.ts';
import type { Emit } from './event-log.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { WorkerMemory } from './memory/roles.ts';
import type { Spool } from './spool.ts';

export interface WorkerDeps {
  workerId: string;
  hostId: string;
  mode: QueueMode;
  leaseMs: number;
  pollIntervalMs: number;
  jobTimeoutMs: number;
  server: ManagedServer;
  connectComfy: (endpoint: string) => ComfyServer;
  consumer: JobConsumer;
  leases: LeaseKeeper;
  spool: Spool;
  outputs: OutputDelivery;
  /** Undefined when inputs are not fetched from anywhere. */
  inputs?: InputSupply | undefined;
  clock: Clock;
  memory: WorkerMemory;
  /** Whether Redis is there and nothing of an earlier life waits to be put in order first. */
  mayClaim: () => boolean;
  /** Whether this agent may have given the prompt to a ComfyUI before. */
  mayBeKnown: (job: { id: string; createdAt: string | number }) => boolean;
  emit: Emit;
  /** Called at every change of state. */
  onChange: () => void;
  log: Logger;
}

/** What a worker is meant to do next; a job in hand is always finished first. */
export type Intent = 'work' | 'drain' | 'leave';

export interface Worker {
  readonly workerId: string;
  state(): WorkerState;
  progress(): JobProgress | null;
  /** Jobs that have left its GPU and are not ended yet. */
  finishing(): FinishingJob[];
  comfyVersion(): string | null;
  counts(): { completed: number; failed: number };
  setIntent(intent: Intent): void;
  /** There may be a job to claim, or something to claim it with. */
  nudge(): void;
  /** Hands over a job of an earlier life of this agent; it goes on before anything is claimed. */
  adopt(claim: Claim): void;
  /** True while a claim is on its way: what Redis says of this worker's claims is not settled. */
  isClaiming(): boolean;
  /** Interrupts the job in hand and gives it back to the queue. */
  hurry(): void;
  /** Restarts the ComfyUI server as soon as no job is in hand. */
  requestRestart(): void;
  /** Unloads ComfyUI's models as soon as no job is in hand. */
  requestFree(): void;
  /** Its ComfyUI while no job is in hand nor on its way. */
  idleComfy(): ComfyServer | undefined;
  /** Resolves once the worker has left. */
  readonly done: Promise<void>;
}
