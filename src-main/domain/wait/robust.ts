/** Figures that single odd values do not move. */

/** The value below which `share` of the sorted values lie, between neighbours in proportion; NaN of none. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? low;
  return low + (high - low) * (place - Math.floor(place));
}

/** Median; NaN of none. */
export function medianOf(values: readonly number[]): number {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

/** Standard deviation as the median distance from `centre` tells it; 0 of none. */
export function deviationAround(values: readonly number[], centre: number): number {
  if (values.length === 0) return 0;
  return 1.4826 * medianOf(values.map((value) => Math.abs(value - centre)));
}

/**
 * What is believed after `count` values around `seen`, each scattered by `scatter`, when `before` was believed with
 * the doubt `doubt` (standard deviations, one unit for all).
 */
export function update(
  prior: { mean: number; doubt: number },
  data: { mean: number; scatter: number; count: number },
): { mean: number; doubt: number } {
  if (data.count === 0) return prior;
  const old = 1 / prior.doubt ** 2;
  // A median of few values is worth less than their mean would be.
  const fresh = data.count / (1.57 * Math.max(data.scatter, 0.02) ** 2);
  return {
    mean: (prior.mean * old + data.mean * fresh) / (old + fresh),
    doubt: Math.sqrt(1 / (old + fresh)),
  };
}
