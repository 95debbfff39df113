import type { Slot } from '../roles.ts';
import type { ComposeTiming } from './compose-timing.ts';
import type { Container } from './container.ts';
import type { ContainerProcesses } from './container-processes.ts';
import { PromptThreadWatch } from './prompt-thread-watch.ts';
import { promptsRemaining, runningPrompt } from './prompts-in-hand.ts';

/** Looks at one ready ComfyUI now and then and tells when its prompt thread must be dead (contract 5.2, 8.22). */
export class PromptGuard {
  readonly #timing: ComposeTiming;
  readonly #gpuBusy: (slot: Slot) => Promise<boolean | null>;
  #watch: PromptThreadWatch;
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(timing: ComposeTiming, gpuBusy: (slot: Slot) => Promise<boolean | null>) {
    this.#timing = timing;
    this.#gpuBusy = gpuBusy;
    this.#watch = new PromptThreadWatch(timing.stuckAfterMs);
  }

  /** It is another process now. */
  reset(): void {
    this.#watch = new PromptThreadWatch(this.#timing.stuckAfterMs);
  }

  sawProgress(): void {
    this.#watch.sawProgress();
  }

  /** Takes a sample if one is due; true when the prompt thread is dead. */
  async isStuck(
    slot: Slot,
    endpoint: string,
    container: Container,
    processes: ContainerProcesses,
  ): Promise<boolean> {
    const at = performance.now();
    if (at - this.#sampledAt < this.#timing.stuckSampleMs) return false;
    this.#sampledAt = at;
    const atWork = ((await promptsRemaining(endpoint)) ?? 0) > 0;
    const promptId = atWork ? await runningPrompt(endpoint) : null;
    return this.#watch.sample({
      at,
      promptId,
      cpuMs: promptId === null ? null : await processes.cpuMs(container),
      gpuBusy: promptId === null ? null : await this.#gpuBusy(slot),
    });
  }
}
