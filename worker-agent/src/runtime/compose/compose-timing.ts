/** How patient the care for a ComfyUI container is; all in ms. */
export interface ComposeTiming {
  /** Between questions to a ComfyUI that is coming up. */
  startingPollMs: number;
  /** Between questions to one that is ready. */
  readyPollMs: number;
  /** Between looks at the container when Docker reports nothing. */
  inspectEveryMs: number;
  /** A start that takes longer is reported as failed, though it is still waited for. */
  startPatienceMs: number;
  /** After a crash loop it must have run this long before it counts as ready again. */
  stableAfterMs: number;
  /** Wait before the first new attempt to start; doubled each time up to `retryMostMs`. */
  retryFirstMs: number;
  retryMostMs: number;
  /** A running prompt without a sign of work for this long means a dead prompt thread (contract 5.10). */
  stuckAfterMs: number;
  /** Between looks for such a sign. */
  stuckSampleMs: number;
}

export const COMPOSE_TIMING: ComposeTiming = {
  startingPollMs: 1000,
  readyPollMs: 5000,
  inspectEveryMs: 30_000,
  startPatienceMs: 20 * 60_000,
  stableAfterMs: 20_000,
  retryFirstMs: 5000,
  retryMostMs: 60_000,
  stuckAfterMs: 10 * 60_000,
  stuckSampleMs: 30_000,
};
