/** Pauses between two tries of a link, ms. All are spread by ±30 %. */
export interface RetryTimes {
  /** Pause while the machine does not answer at all, for the first while, and how long that is. */
  retryFastMs: number;
  fastForMs: number;
  /** After that, and when it answered but did not let us in: first and longest pause. */
  retryFirstMs: number;
  retryMaxMs: number;
}

/** A try that reaches nobody costs nobody anything; one that is turned away is not repeated in a hurry. */
export function createRetryPauses(times: RetryTimes) {
  let turnedAway = 0;
  let lostSince = 0;
  return {
    /** @param reached the machine answered. @returns how long to wait before the next try, ms. */
    next(reached: boolean): number {
      lostSince ||= Date.now();
      const isFast = !reached && Date.now() - lostSince < times.fastForMs;
      const base = isFast
        ? times.retryFastMs
        : Math.min(times.retryFirstMs * 2 ** turnedAway++, times.retryMaxMs);
      return Math.round(base * (0.7 + Math.random() * 0.6));
    },
    /** It stands, or a person asked for it. */
    reset(): void {
      turnedAway = 0;
      lostSince = 0;
    },
  };
}
