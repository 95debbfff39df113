import type { Verb } from '../../worker-agent/src/contract/command.ts';
import type { DesiredState, QueueControl } from '../../worker-agent/src/contract/desired.ts';
import type { AgentEvent } from '../../worker-agent/src/contract/event.ts';
import type { JobFields, Priority } from '../../worker-agent/src/contract/job.ts';
import type { PlanContent } from '../domain/capacity/plan-content.ts';
import type { LocalDay } from '../domain/history/local-day.ts';
import type { HistoryRecord } from '../domain/history/record.ts';
import type { Observation } from '../domain/observation.ts';
import type { RoomContent } from '../domain/room/room-state.ts';
import type { Stamped } from '../domain/shared/shared-document.ts';
import type { FoundJob } from '../domain/workshop.ts';

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
  shared: SharedStores;
  prefixes: PrefixClaims;
  queue: JobActs;
  lookup: JobLookup;
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

/** A document that the consoles share, in Redis. All methods @throw WorkshopError when Redis cannot be used. */
export interface SharedStore<Document> {
  /** Redis time, epoch ms. */
  time(): Promise<number>;
  read(): Promise<Document | null>;
  /** Writes only if the revision that stands there is `next.revision - 1` (0 = nothing stands there). */
  write(next: Document): Promise<WriteOutcome<Document>>;
}

/** Which GPU host gives its workers which prefix. Methods @throw WorkshopError when Redis cannot be used. */
export interface PrefixClaims {
  /** @returns the host that has the prefix: this one, or another that was faster. */
  claim(prefix: string, hostId: string): Promise<string>;
}

export interface SharedStores {
  room: SharedStore<Stamped<RoomContent>>;
  plan: SharedStore<Stamped<PlanContent>>;
}

/** What is kept of one workshop on disk. */
export interface HistoryLog {
  /**
   * Resolves once the disk has them; what stands there already is passed over. @returns those for which a day has no
   * room any more: samples first. @throws WorkshopError CONFIG.
   */
  append(records: readonly HistoryRecord[], now: number): Promise<HistoryRecord[]>;
  read(day: LocalDay): Promise<HistoryRecord[]>;
  days(): Promise<{ day: LocalDay; bytes: number }[]>;
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
  /** Takes `cancelPending` back within 15 minutes. */
  reinstate(jobId: string): Promise<JobAct>;
}

/** What is known of one job beyond its summary. */
export interface JobRecord {
  /** Undefined when the text cannot be read; then `reason` says why. */
  fields: JobFields | undefined;
  reason: string | null;
  traits: { classTypes: readonly string[]; models: readonly string[]; sizes: readonly string[] };
  claim: {
    attempt: number | null;
    workerId: string | null;
    hostId: string | null;
    /** Why it was given back the last time. */
    reason: string | null;
  };
}

/** Reads single jobs. All methods @throw WorkshopError when Redis cannot be used. */
export interface JobLookup {
  find(jobId: string): Promise<FoundJob>;
  /** Without the workflow. @returns undefined for a job that does not exist. */
  record(jobId: string): Promise<JobRecord | undefined>;
  /** The workflow's own bytes; undefined when there is no such job or it cannot be read. */
  workflow(jobId: string): Promise<Buffer | undefined>;
}

/** Finished files below one folder of one machine. */
export interface OutputFiles {
  /**
   * @param path relative to the outputs folder, as a job's result names it.
   * @returns undefined when there is no such file, or when the path leads out of the folder; `bytes` null when it is
   * larger than `maxBytes`.
   * @throws WorkshopError when the machine cannot be reached.
   */
  read(path: string, maxBytes: number): Promise<{ size: number; bytes: Uint8Array | null } | undefined>;
  /** At most `maxBytes` of it from byte `from` on; else as `read`. */
  part(
    path: string,
    from: number,
    maxBytes: number,
  ): Promise<{ size: number; bytes: Uint8Array } | undefined>;
}

/** Where the files of one job are. */
export type OutputPlace =
  /** `machineId`: whose link they come through, as in `MachineView`; null for this computer. */
  | { kind: 'there'; label: string; machineId: string | null; files: OutputFiles; late: number }
  /** Sentences: why this console cannot get at them, and the next step. */
  | { kind: 'no-way'; why: string; remedy: string };

export interface OutputPlaces {
  /** @param made by whom, as far as that is known. */
  of(made: { hostId: string | null; workerId: string | null }): Promise<OutputPlace>;
}
