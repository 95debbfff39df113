/** What is seen of one ComfyUI at one moment. Times in ms on a steady clock. */
export interface PromptSample {
  at: number;
  /** Prompt at work; null when none, or when ComfyUI did not say. */
  promptId: string | null;
  /** CPU time the container has used so far, in ms; null when unknown. */
  cpuMs: number | null;
  /** Whether its GPU works; null when unknown. */
  gpuBusy: boolean | null;
}

/** Below this share of one core a ComfyUI does nothing but answer HTTP. */
const IDLE_CPU_SHARE = 0.05;

/**
 * Recognises ComfyUI's dead prompt thread: HTTP answers, a prompt counts as running, but nothing computes any more and
 * nothing ever will (contract 5.2, 8.22). A silent model load is not one: it uses CPU while it reads (contract 5.10).
 */
export class PromptThreadWatch {
  readonly #stuckAfterMs: number;
  #quietSince: { at: number; promptId: string } | null = null;
  #last: PromptSample | null = null;

  /** @param stuckAfterMs how long a running prompt must show no sign of work; contract 5.10 asks for 10 minutes. */
  constructor(stuckAfterMs: number) {
    this.#stuckAfterMs = stuckAfterMs;
  }

  /** Progress was seen by other means, a WebSocket event for instance. */
  sawProgress(): void {
    this.#quietSince = null;
  }

  /** Takes in a sample; true when the thread must be dead. CPU unknown never counts as idle. */
  sample(sample: PromptSample): boolean {
    const before = this.#last;
    this.#last = sample;
    const { at, promptId } = sample;
    if (promptId === null || !before || works(before, sample)) {
      this.#quietSince = null;
      return false;
    }
    if (this.#quietSince?.promptId !== promptId) this.#quietSince = { at, promptId };
    return at - this.#quietSince.at >= this.#stuckAfterMs;
  }
}

function works(before: PromptSample, now: PromptSample): boolean {
  if (now.gpuBusy === true || before.promptId !== now.promptId) return true;
  if (before.cpuMs === null || now.cpuMs === null) return true;
  return now.cpuMs - before.cpuMs > (now.at - before.at) * IDLE_CPU_SHARE;
}
