/**
 * Time of the prompt thread: scaled by `speed`, able to stand still (failure injection), or moved by hand
 * (`manualTime`), which makes a test independent of the load of its machine.
 */

interface ManualWait {
  readonly deadline: number;
  readonly resolve: () => void;
}

export class ExecutionClock {
  private readonly speed: number;
  private readonly manual: boolean;
  private readonly gates = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private deadline = 0;
  private stopped = false;
  private readonly begin = Date.now();
  private virtualNow = 0;
  private manualWait: ManualWait | undefined;

  constructor(speed: number, manual = false) {
    this.speed = speed;
    this.manual = manual;
  }

  /** Waits `seconds` of node time. Rounding does not add up over the steps of one node. */
  async wait(seconds: number): Promise<void> {
    await this.waitMilliseconds(this.manual ? seconds * 1000 : (seconds * 1000) / this.speed);
  }

  /** Waits real milliseconds (or as many by hand), and longer if the thread is held. */
  async waitMilliseconds(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (!this.stopped) this.schedule(milliseconds, resolve);
    });
    while (this.gates.size > 0) await Promise.race(this.gates);
    if (this.stopped) await new Promise<void>(() => {});
  }

  /** Holds the thread at its next step until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gates.add(promise);
    return () => {
      this.gates.delete(promise);
      resolve();
    };
  }

  /** Milliseconds since the epoch, as the server's time.time(). */
  get now(): number {
    return this.manual ? this.begin + Math.floor(this.virtualNow) : Date.now();
  }

  get isHeld(): boolean {
    return this.gates.size > 0;
  }

  /** By hand: how far the next step of the thread is away; undefined if it waits for nothing. */
  get untilNextStep(): number | undefined {
    return this.manualWait ? Math.max(0, this.manualWait.deadline - this.virtualNow) : undefined;
  }

  /** By hand: moves time on, over one step of the thread at most. True if there was one. */
  advance(milliseconds: number): boolean {
    const wait = this.manualWait;
    if (!wait || wait.deadline > this.virtualNow + milliseconds) {
      this.virtualNow += milliseconds;
      return false;
    }
    this.virtualNow = Math.max(this.virtualNow, wait.deadline);
    this.manualWait = undefined;
    wait.resolve();
    return true;
  }

  /** The process is gone: nothing that waits ever goes on. */
  stop(): void {
    this.stopped = true;
    this.manualWait = undefined;
    clearTimeout(this.timer);
  }

  private schedule(milliseconds: number, resolve: () => void): void {
    if (this.manual && milliseconds > 0) {
      this.manualWait = { deadline: this.virtualNow + milliseconds, resolve };
      return;
    }
    const now = performance.now();
    const start = now - this.deadline < 25 ? this.deadline : now;
    this.deadline = start + milliseconds;
    const delay = this.deadline - now;
    if (delay >= 1) this.timer = setTimeout(resolve, delay);
    else setImmediate(resolve);
  }
}
