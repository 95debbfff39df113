import type { ErrorInfo } from '../contract/errors.ts';

/** How far a ComfyUI server of a worker is. */
export type ServerState =
  | { kind: 'starting'; note: string }
  /** It answers at `endpoint`. */
  | { kind: 'ready'; endpoint: string }
  | { kind: 'stopped' }
  | { kind: 'failed'; error: ErrorInfo; retryAt: number | null };

/** One worker's place on the host. */
export interface Slot {
  /** 0-based. */
  index: number;
  workerId: string;
  /** 8188 + index unless configured otherwise (contract 3.4). */
  port: number;
  /** GPU index or UUID it shall compute on; null leaves it to the server. */
  gpu: string | null;
}

/** A ComfyUI server under a runtime's care. */
export interface ManagedServer {
  readonly slot: Slot;
  state(): ServerState;
  /** Calls back at every change until unsubscribed. */
  onChange(listener: (state: ServerState) => void): () => void;
  /** PIDs on the host whose VRAM belongs to this worker; empty when unknown. */
  pids(): Promise<number[]>;
  /** Its job was seen to move: a runtime that watches for a dead prompt thread need not worry. */
  noteProgress?(): void;
  restart(): Promise<void>;
  /** Stops it; kills after `graceMs`. Idempotent. */
  stop(graceMs: number): Promise<void>;
}

/** How ComfyUI servers come to be: external, process, compose. */
export interface Runtime {
  readonly kind: 'external' | 'process' | 'compose';
  /** Most workers it can serve. */
  readonly maxWorkers: number;
  start(slot: Slot): Promise<ManagedServer>;
  /**
   * Workers whose server exists on this machine without being started here: an earlier agent left it.
   * Left out where no server outlives its agent unnoticed.
   */
  existing?(): Promise<string[]>;
  /** Ends such a server, so that it holds no VRAM. */
  remove?(workerId: string, graceMs: number): Promise<void>;
  /** Lets servers go without stopping them where they outlive the agent (external, compose). Idempotent. */
  close(): Promise<void>;
}
