import type { Verb } from '../../worker-agent/src/contract/command.ts';
import type { DesiredState, QueueControl } from '../../worker-agent/src/contract/desired.ts';
import type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
import type { Priority } from '../../worker-agent/src/contract/job.ts';
import type { Observation } from '../domain/observation.ts';

/** What the services need of the connections; app/compose.ts hands it in. Literal objects are enough in tests. */

/** Facts about one workshop, as they are found out. */
export interface WorkshopSource {
  /** Starts telling; facts that are known already come at once. @returns a function that ends it. */
  observe(tell: (observation: Observation) => void): () => void;
}

/** Where the services find the workshop that is set up now; undefined before the first run. */
export interface CurrentWorkshop {
  name: string;
  /** In words, without secrets. */
  redisAddress: string;
  source: WorkshopSource;
  control: ControlStore;
  queue: JobActs;
}

/** The result of writing at a revision: done, or somebody was faster, and what stands there now. */
export type WriteOutcome<State> =
  | { kind: 'written'; revision: number }
  | { kind: 'conflict'; current: State | null };

/** What the host wants, in Redis. All methods @throw WorkshopError when Redis cannot be used. */
export interface ControlStore {
  /** Redis time, epoch ms. */
  time(): Promise<number>;
  desired(hostId: string): Promise<DesiredState | null>;
  /** Writes only if the revision that stands there is `next.revision - 1` (0 = nothing stands there). */
  writeDesired(hostId: string, next: DesiredState): Promise<WriteOutcome<DesiredState>>;
  control(): Promise<QueueControl | null>;
  writeControl(next: QueueControl): Promise<WriteOutcome<QueueControl>>;
  /** Adds an entry to the story of the workshop. */
  note(event: Omit<AgentEvent, 'protocol' | 'at'>): Promise<void>;
  /**
   * Puts a command before an agent and waits for its reply.
   * @returns undefined when none came until it expired.
   */
  command(hostId: string, request: Verb, by: string): Promise<CommandReply | undefined>;
}

export type CommandReply =
  | { kind: 'done'; message: string }
  | { kind: 'refused'; code: string; message: string };

export type JobAct = { kind: 'done' } | { kind: 'not-found' } | { kind: 'wrong-state'; status: string };

/** Acts on one job, each decided by one script in Redis. */
export interface JobActs {
  cancelPending(jobId: string): Promise<JobAct>;
  cancelRunning(jobId: string): Promise<JobAct>;
  prioritise(jobId: string, priority: Priority): Promise<JobAct>;
  requeue(jobId: string): Promise<JobAct>;
}
