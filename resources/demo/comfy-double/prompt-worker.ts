/** The prompt thread: one prompt at a time, then the flags of POST /free (contract 5.2, 5.3). */

import type { ExecutionClock } from './clock.ts';
import type { PromptExecutor } from './executor.ts';
import type { PromptQueue, QueueItem } from './prompt-queue.ts';
import type { SocketHub } from './socket-hub.ts';

export interface WorkerEnvironment {
  readonly queue: PromptQueue;
  readonly executor: PromptExecutor;
  readonly hub: SocketHub;
  readonly clock: ExecutionClock;
  /** Real milliseconds between execution_success and the history entry (recording 23). */
  readonly historyDelay: () => number;
  readonly log: (message: string) => void;
}

export class PromptWorker {
  private readonly env: WorkerEnvironment;
  private busy = false;
  private scheduled = false;
  private flags: { unloadModels: boolean; freeMemory: boolean } = { unloadModels: false, freeMemory: false };

  constructor(env: WorkerEnvironment) {
    this.env = env;
  }

  /** Something is in the queue, or a flag is set: as notify() of the queue's condition. */
  wake(): void {
    if (this.busy || this.scheduled) return;
    this.scheduled = true;
    // The thread starts after the answer to POST /prompt is on its way, mostly.
    setImmediate(() => {
      this.scheduled = false;
      void this.work();
    });
  }

  /** No prompt runs and none is about to. */
  get isIdle(): boolean {
    return !this.busy && !this.scheduled;
  }

  requestFree(unloadModels: boolean, freeMemory: boolean): void {
    this.flags.unloadModels ||= unloadModels;
    this.flags.freeMemory ||= freeMemory;
    this.wake();
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let item = this.env.queue.get(); item !== undefined; item = this.env.queue.get()) {
      await this.runPrompt(item);
      this.applyFlags();
    }
    this.applyFlags();
    this.busy = false;
  }

  private async runPrompt(item: QueueItem): Promise<void> {
    const { queue, executor, hub, clock, historyDelay, log } = this.env;
    const start = performance.now();
    // A dead or silent thread has taken the prompt and does nothing with it.
    if (clock.isHeld) await clock.waitMilliseconds(0);
    const { result, status } = await executor.execute(item);
    await clock.waitMilliseconds(historyDelay());
    queue.taskDone(item, result, status);
    if (executor.state.hasClient) {
      hub.send('executing', { node: null, prompt_id: item.promptId }, executor.state.clientId);
    }
    log(`Prompt executed in ${((performance.now() - start) / 1000).toFixed(2)} seconds\n`);
  }

  private applyFlags(): void {
    const { unloadModels, freeMemory } = this.flags;
    this.flags = { unloadModels: false, freeMemory: false };
    if (unloadModels || freeMemory) this.env.executor.free(freeMemory);
  }
}
