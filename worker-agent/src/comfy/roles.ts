import type { ErrorInfo } from '../contract/errors.ts';
import type { JobPhase } from '../contract/telemetry.ts';

/** One file that ComfyUI reports as output (contract 5.6): where `/view` finds it. */
export interface ComfyFile {
  nodeId: string;
  /** Key under which the node listed it: images, gifs, audio, 3d … */
  group: string;
  filename: string;
  subfolder: string;
  type: 'output' | 'input' | 'temp';
}

export interface PromptProgress {
  phase: JobPhase;
  /** Share of the prompt's nodes and ticks done, 0 to 1; null before the first node. */
  fraction: number | null;
  /** class_type of the node at work. */
  node: string | null;
  step: number | null;
  steps: number | null;
}

/** A prompt's end, as history tells it (contract 5.3). */
export type PromptOutcome =
  | {
      kind: 'success';
      /** `outputs` of the history entry, verbatim JSON (numbers beyond 2^53 must not matter to the reader). */
      outputs: Record<string, unknown>;
      files: ComfyFile[];
      /** Sentences worth keeping in the result: dropped outputs, empty outputs, blocked nodes. */
      warnings: string[];
      executionSeconds: number | null;
    }
  | { kind: 'failed'; error: ErrorInfo; outOfMemory: boolean }
  | { kind: 'interrupted' }
  /** ComfyUI no longer knows the prompt: it restarted or was cleared. */
  | { kind: 'vanished'; error: ErrorInfo };

export interface RunPromptRequest {
  promptId: string;
  /** The API-format prompt's own bytes, sent on untouched. */
  prompt: Buffer;
  /** Raw bytes for extra_data.extra_pnginfo.workflow, if any. */
  extraPngInfo?: Buffer | undefined;
  /**
   * This prompt id was never given to this server: the look into its history and queue before POST is skipped
   * (saves two round trips). When it is wrong, the prompt may be executed twice. Default false.
   */
  fresh?: boolean;
  /**
   * The same attempt goes on (the agent was restarted in the middle of it): whatever history says of this prompt is
   * its end, a failure or an interruption too. Default false: a failed or interrupted entry belongs to an earlier
   * attempt and the prompt is run again; a successful entry is taken over either way, so nothing runs twice to the end.
   */
  resume?: boolean;
  /** Aborting interrupts the prompt at ComfyUI and ends in `interrupted` (or whatever it ended in before). */
  signal: AbortSignal;
  onProgress: (progress: PromptProgress) => void;
  /** Called once, when ComfyUI has accepted the prompt (or it was found there already). */
  onAccepted?: () => void;
}

export interface ComfyStats {
  version: string | null;
  /** MiB, from /system_stats; null where it does not say. */
  vramTotalMiB: number | null;
  vramFreeMiB: number | null;
  torchVramTotalMiB: number | null;
  torchVramFreeMiB: number | null;
}

/** One ComfyUI server, as a worker uses it. */
export interface ComfyServer {
  readonly endpoint: string;
  /** @throws WorkshopError COMFY_UNREACHABLE or COMFY_PROTOCOL (an HTML answer, say). */
  stats(signal?: AbortSignal): Promise<ComfyStats>;
  /**
   * Runs one prompt to its end: submits it unless this server already has it (adoption), follows it by WebSocket with
   * history polling behind, and reports the end once history agrees.
   * @throws WorkshopError when the server cannot be reached at all; a prompt's failure is a value.
   */
  run(request: RunPromptRequest): Promise<PromptOutcome>;
  /** Whether the server holds this prompt: queued, running, or in history. */
  find(promptId: string): Promise<'queued' | 'running' | 'finished' | 'unknown'>;
  /** POST /free: unload models when idle. */
  free(): Promise<void>;
  /** Downloads one output file. */
  view(file: ComfyFile, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  close(): Promise<void>;
}
