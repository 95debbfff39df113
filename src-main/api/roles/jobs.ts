import type { Priority } from '../../../worker-agent/src/contract/job.ts';
import type { JobView, JobViews } from '../../domain/job-view.ts';
import type { FoundJob } from '../../domain/workshop.ts';

export interface JobsService {
  /** Removes a waiting job, or asks the worker of a running one to stop. */
  cancel(input: { jobId: string }): Promise<{ was: 'pending' | 'running' }>;
  prioritise(input: { jobId: string; priority: Priority }): Promise<void>;
  requeue(input: { jobId: string }): Promise<void>;
  /** One act on many jobs; what refuses does not stop the others. */
  bulk(input: { jobIds: string[]; act: BulkAct }): Promise<BulkReceipt>;
  /** Any job that Redis holds, also one that the lists no longer reach. */
  find(input: { jobId: string }): Promise<FoundJob>;
  detail(input: { jobId: string }): Promise<JobDetail>;
  /** What the participant wrote: only asked for when somebody opens it. */
  prompts(input: { jobId: string }): Promise<PromptText[]>;
  /** One of the files that `detail` lists, by its place there: nobody names a path. */
  preview(input: { jobId: string; index: number }): Promise<OutputPreview>;
  /** A piece of such a file from byte `from` on, for saving it. */
  filePart(input: { jobId: string; index: number; from: number }): Promise<FilePart>;
}

/** `cancel` removes the waiting and leaves what runs; `interrupt` stops the running; `reinstate` takes `cancel` back. */
export type BulkAct =
  | { kind: 'cancel' }
  | { kind: 'interrupt' }
  | { kind: 'requeue' }
  | { kind: 'reinstate' }
  | { kind: 'prioritise'; priority: Priority };

export interface BulkReceipt {
  done: string[];
  refused: number;
  /** Why, for the first few of them. */
  why: string[];
}

/** What the drawer of a job shows beyond the row. Dates are epoch ms of Redis. */
export interface JobDetail {
  /** The whole error, at most 10,000 characters. */
  error: string | null;
  attempt: number | null;
  hostId: string | null;
  /** Why it went back to its place the last time. */
  givenBack: string | null;
  nodeTypes: string[];
  models: string[];
  /** e.g. "width=1024". */
  sizes: string[];
  warnings: string[];
  outputs: OutputFile[];
  /** Files beyond those listed. */
  moreOutputs: number;
  executionSeconds: number | null;
  outputsFrom: OutputsFrom;
}

/** Where a job's files are fetched from; `machineId` as in `MachineView`, null for this computer. */
export type OutputsFrom =
  | { kind: 'there'; label: string; machineId: string | null }
  | { kind: 'no-way'; why: string; remedy: string };

export interface OutputFile {
  name: string;
  /** As its name tells; what it really is shows when it is fetched. */
  media: 'image' | 'video' | 'audio' | 'other';
  nodeId: string;
  /** A preview that is not kept with the outputs. */
  temporary: boolean;
}

export interface PromptText {
  nodeId: string;
  nodeType: string;
  input: string;
  text: string;
}

export type OutputPreview =
  | { kind: 'image' | 'video'; mime: string; base64: string; bytes: number }
  | { kind: 'too-large'; bytes: number; most: number }
  /** Neither an image nor a video that a browser shows, whatever its name says. */
  | { kind: 'no-picture'; bytes: number }
  | NoFile;

/** `late`: files of the host that made it which are still on their way to the VPS. */
export type NoFile = { kind: 'missing'; late: number } | { kind: 'no-way'; why: string; remedy: string };

export type FilePart =
  /** `next`: where the next piece begins; null at the end. */
  | { kind: 'part'; size: number; base64: string; next: number | null }
  | { kind: 'too-large'; bytes: number; most: number }
  | NoFile;

/** The host's own views of the jobs. Changes answer with all that are kept from then on. */
export interface JobViewsService {
  list(): Promise<JobViews>;
  /** One of the same name is replaced. @throws WorkshopError BAD_INPUT, CONFIG when it cannot be kept. */
  save(view: JobView): Promise<JobViews>;
  /** @throws WorkshopError NOT_FOUND, CONFLICT when another one has that name, BAD_INPUT, CONFIG. */
  rename(input: { name: string; to: string }): Promise<JobViews>;
  /** One that is not there is no error. @throws WorkshopError CONFIG. */
  remove(input: { name: string }): Promise<JobViews>;
}
