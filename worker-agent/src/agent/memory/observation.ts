/** What one finished job was seen to need. MiB. */
export interface Observed {
  /** Most that its worker's ComfyUI held while it ran. */
  peakMiB: number;
  /** Part of that peak that may have been left from earlier jobs and evictable: models, torch's own cache. */
  cacheMiB: number;
  /** Peak without cache is what the job needs; otherwise it needs at least that. */
  exact: boolean;
}

export interface ObservationStart {
  /** Monotonic time, ms. */
  at: number;
  /** What the worker held; null when unknown. MiB. */
  heldMiB: number | null;
  /** What of it could be evicted; null when unknown. MiB. */
  evictableMiB: number | null;
  /**
   * Whose memory that was: nobody's or of jobs of the very same kind; of jobs with the same models but other sizes;
   * of others as well.
   */
  kept: 'own' | 'same-models' | 'others';
}

export interface Observation {
  /** Takes one reading. @param at monotonic time, ms. */
  sample(at: number, heldMiB: number | null, cardFreeMiB: number | null): void;
  /** Most seen so far; null before the first reading that counts. */
  peakMiB(): number | null;
  /** undefined when the job was too short to be seen. */
  result(): Observed | undefined;
}

/** Readings are up to an interval old: an earlier one may still tell of the time before the job. */
export const LAG_MS = 1500;
/** With less than this left on the card, ComfyUI evicts models or loads them in part. */
const FULL_MIB = 1024;
/** Growth that is more than rounding. */
const GROWTH_MIB = 256;
/** A lower bound below this says nothing. */
const TELLING_MIB = 1024;

/**
 * Follows the memory of one running job. Torch gives back little of what an earlier, larger job left, so only growth
 * or a fresh start shows what the job itself needs; all else is a lower bound or nothing.
 */
export function observe(start: ObservationStart): Observation {
  let peak: number | null = null;
  let squeezed = false;
  const growthOver = (mib: number) => start.heldMiB !== null && (peak ?? 0) > start.heldMiB + mib;
  return {
    sample(at, heldMiB, cardFreeMiB) {
      if (heldMiB === null || at - start.at < LAG_MS) return;
      peak = Math.max(peak ?? 0, heldMiB);
      if (cardFreeMiB !== null && cardFreeMiB < FULL_MIB) squeezed = true;
    },
    peakMiB: () => peak,
    result() {
      if (peak === null) return undefined;
      const grown = growthOver(GROWTH_MIB);
      if (start.kept === 'own' || (start.kept === 'same-models' && grown))
        return { peakMiB: peak, cacheMiB: 0, exact: !squeezed };
      const cacheMiB = start.evictableMiB;
      if (!grown || cacheMiB === null || peak - cacheMiB < TELLING_MIB) return undefined;
      return { peakMiB: peak, cacheMiB, exact: false };
    },
  };
}
