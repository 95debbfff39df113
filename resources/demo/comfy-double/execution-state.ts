/** What outlives a single prompt in ComfyUI's prompt thread, and what it works with. */

import type { ExecutionClock } from './clock.ts';
import { ExecutionCache } from './execution-list.ts';
import type { NodeCatalogue } from './nodes.ts';
import type { ComfyFolders } from './output-files.ts';
import { Interrupted } from './python-errors.ts';
import type { Sid, SocketHub } from './socket-hub.ts';
import type { VersionTraits } from './versions.ts';
import type { Card } from './vram.ts';

/** What a test asks the next prompts to end with. */
export type InjectedFailure = 'node_error' | 'oom' | 'interrupted';

export interface ExecutorEnvironment {
  readonly nodes: NodeCatalogue;
  readonly traits: VersionTraits;
  readonly folders: ComfyFolders;
  readonly hub: SocketHub;
  readonly clock: ExecutionClock;
  readonly card: Card;
  readonly now: () => number;
  readonly random: () => number;
  /** Everything stands still while a node keeps the Python GIL. */
  readonly holdGil: () => () => void;
  /** Extra real milliseconds every model load takes. */
  readonly modelLoadDelay: () => number;
  /** Failure for the prompt that starts now, if one was asked for. */
  readonly nextFailure: () => InjectedFailure | undefined;
}

export class ExecutionState {
  readonly cache = new ExecutionCache();
  /** torch.set_printoptions. */
  readonly printOptions = { edgeItems: 3 };
  /** Model files the page cache holds. */
  readonly filesRead = new Set<string>();
  /** server.client_id: stays after the prompt, until the next one starts. */
  clientId: Sid = null;
  /** server.last_node_id: what a socket that comes back is told. */
  lastNodeId: string | undefined;
  interruptFlag = false;

  get hasClient(): boolean {
    return this.clientId !== null && this.clientId !== undefined;
  }

  /** throw_exception_if_processing_interrupted(). */
  testInterrupt(): void {
    if (!this.interruptFlag) return;
    this.interruptFlag = false;
    throw new Interrupted();
  }
}
