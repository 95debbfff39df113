import type { Histories, Sample } from '../../src-main/api/types.ts';

/** Points a chart draws at most; more would be finer than its pixels. */
export const CHART_POINTS = 240;

/** One bucket of a chart: levels as last seen, VRAM as its peak, utilisation as its mean. null = not known then. */
export interface Bucket {
  /** Start of the bucket, local epoch ms. */
  at: number;
  pending: number | null;
  running: number | null;
  completedPerMinute: number | null;
  vramMiB: Record<string, number | null>;
  utilization: Record<string, number | null>;
  /** Samples taken in; needed for the mean. */
  samples: number;
}

/**
 * A history ring thinned to chart resolution while it grows, so that drawing never walks the raw samples.
 * Buckets stand on a fixed grid: a chart's points stay where they are while time moves on.
 */
export class BucketRing {
  version = 0;
  #buckets: Bucket[] = [];
  readonly #widthMs: number;

  constructor(spanMs: number) {
    this.#widthMs = spanMs / CHART_POINTS;
  }

  get spanMs(): number {
    return this.#widthMs * CHART_POINTS;
  }

  clear(): void {
    this.#buckets = [];
    this.version += 1;
  }

  push(sample: Sample): void {
    const at = Math.floor(sample.at / this.#widthMs) * this.#widthMs;
    const last = this.#buckets[this.#buckets.length - 1];
    if (last && at < last.at) return;
    if (last && at === last.at) this.#buckets[this.#buckets.length - 1] = merge(last, sample);
    else {
      this.#fillGap(last, at);
      this.#buckets.push(merge(emptyBucket(at), sample));
    }
    if (this.#buckets.length > CHART_POINTS) this.#buckets = this.#buckets.slice(-CHART_POINTS);
    this.version += 1;
  }

  /** Oldest first. Each bucket is replaced, never changed, when a sample joins it. */
  buckets(): readonly Bucket[] {
    return this.#buckets;
  }

  /** Time in which nothing was sampled (laptop asleep) is drawn as a gap, not as a straight line. */
  #fillGap(last: Bucket | undefined, at: number): void {
    if (!last) return;
    const missing = Math.round((at - last.at) / this.#widthMs) - 1;
    if (missing >= CHART_POINTS) this.#buckets = [];
    else
      for (let step = 1; step <= missing; step += 1)
        this.#buckets.push(emptyBucket(last.at + step * this.#widthMs));
  }
}

/** Both rings of a workshop: the last half hour and the last half day. */
export class HistoryStore {
  readonly fine = new BucketRing(30 * 60_000);
  readonly coarse = new BucketRing(12 * 3_600_000);

  replaceAll(histories: Histories): void {
    this.fine.clear();
    this.coarse.clear();
    for (const sample of histories.fine) this.fine.push(sample);
    for (const sample of histories.coarse) this.coarse.push(sample);
  }

  push(sample: Sample, coarse: boolean): void {
    (coarse ? this.coarse : this.fine).push(sample);
  }
}

function emptyBucket(at: number): Bucket {
  return {
    at,
    pending: null,
    running: null,
    completedPerMinute: null,
    vramMiB: {},
    utilization: {},
    samples: 0,
  };
}

function merge(bucket: Bucket, sample: Sample): Bucket {
  const vramMiB = { ...bucket.vramMiB };
  for (const [key, value] of Object.entries(sample.vramMiB)) {
    const before = vramMiB[key] ?? null;
    vramMiB[key] = value === null ? before : before === null ? value : Math.max(before, value);
  }
  const utilization = { ...bucket.utilization };
  for (const [key, value] of Object.entries(sample.utilization)) {
    const before = utilization[key] ?? null;
    if (value === null) utilization[key] = before;
    else utilization[key] = before === null ? value : before + (value - before) / (bucket.samples + 1);
  }
  return {
    at: bucket.at,
    pending: sample.pending ?? bucket.pending,
    running: sample.running ?? bucket.running,
    completedPerMinute: sample.completedPerMinute ?? bucket.completedPerMinute,
    vramMiB,
    utilization,
    samples: bucket.samples + 1,
  };
}
