import type { ComfyServer, ComfyStats } from '../../comfy/roles.ts';
import type { MemoryWait } from '../../contract/host.ts';
import type { WorkflowText } from '../../contract/workflow-text.ts';
import type { PlacedWorker } from './card-memory.ts';

/** May this worker claim now, and what must it leave to others? */
export type Turn =
  | { kind: 'claim'; exclude: readonly string[]; waitingFor?: MemoryWait }
  /** The card is kept free for a job that waited long enough. */
  | { kind: 'wait'; waitingFor: MemoryWait };

export interface AdmissionRequest {
  jobId: string;
  userId: string;
  workflow: WorkflowText;
  comfy: ComfyServer;
  /** It is under way already (the agent was restarted): it is taken note of, not judged. */
  resume: boolean;
  signal: AbortSignal;
  /** The job begins or ceases to wait for memory in the worker's hand. */
  onWait: () => void;
}

export type Admission =
  | { kind: 'run'; memory: JobMemory }
  /** Too little memory now: the job goes back to its place, uncounted. */
  | { kind: 'pass-over'; reason: string };

/** The memory of one job in a worker's hand. */
export interface JobMemory {
  /**
   * The job ran out of VRAM and its own ComfyUI was told to unload: others unload too, and where its kind is not
   * known to fit in what there was, this waits until more is free or nothing else runs on the card.
   * @param askedMiB what it asked for in vain; null = not said.
   */
  outOfMemory(askedMiB: number | null): Promise<void>;
  /** For the sentence with which it fails. */
  facts(): { needMiB: number | null; cardName: string | null };
  /** @param completed it ran through, so what it held is what its kind needs. */
  ended(completed: boolean): void;
}

/** Sense of memory for one worker. */
export interface WorkerMemory {
  /** Its ComfyUI answers, for the first time or again: this is what it holds with nothing to do. */
  foundServer(stats: ComfyStats): void;
  /** Asked before each claim; answers at once unless a job waits for memory on this worker's card. */
  turn(): Promise<Turn>;
  /** What the job in the worker's hand waits for; undefined while it waits for nothing. */
  waitingFor(): MemoryWait | undefined;
  /** The claim after `turn` found nothing. */
  claimedNothing(): void;
  /** Judges a job that was claimed. Takes time only when memory is short. */
  admit(request: AdmissionRequest): Promise<Admission>;
}

/** A worker of this host as the others on its card see it. */
export interface Neighbour extends PlacedWorker {
  /** Its ComfyUI while no job is in its hand nor on the way; undefined otherwise. */
  idleComfy(): ComfyServer | undefined;
}
