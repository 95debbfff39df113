/** Lets acts on one thing through one at a time, and lets a newer act cut an older one short. */
export class Turnstile {
  #last: Promise<unknown> = Promise.resolve();
  #current = new AbortController();
  #wake: (() => void) | null = null;
  #awake = false;

  /** Runs `act` when those before it are through. Its signal aborts when somebody interrupts. */
  pass<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = (async () => {
      await before;
      const controller = new AbortController();
      this.#current = controller;
      return act(controller.signal);
    })();
    this.#last = mine.catch(() => {});
    return mine;
  }

  /** As `pass`, after cutting short what runs now and ending a sleep. */
  interrupt<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#current.abort();
    this.wake();
    return this.pass(act);
  }

  /** Ends the sleep under way, or the next one at once. */
  wake(): void {
    if (this.#wake) this.#wake();
    else this.#awake = true;
  }

  /** Resolves after `ms`, or as soon as somebody wakes it. */
  sleep(ms: number): Promise<void> {
    if (this.#awake) {
      this.#awake = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = done;
    });
  }
}
