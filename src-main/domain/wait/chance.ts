/** Reproducible chance for the simulation: the same seed gives the same estimates. */
export interface Chance {
  /** 0 < x < 1. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
}

const TABLE_SIZE = 8192;
/** Normal values evenly spread over their distribution; drawing is one look-up. */
const normals = Float64Array.from({ length: TABLE_SIZE }, (_, at) => inverseNormal((at + 0.5) / TABLE_SIZE));

/** xorshift32, which is plenty for shuffling and quick. @param seed any whole number. */
export function createChance(seed: number): Chance {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  const word = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let warmUp = 0; warmUp < 8; warmUp += 1) word();
  return {
    uniform: () => (word() + 0.5) / 2 ** 32,
    normal: () => normals[word() % TABLE_SIZE] ?? 0,
  };
}

/** Share of a standard normal below `z` (Abramowitz and Stegun 26.2.17; error under 1e-7). */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    ((((1.330274429 * t - 1.821255978) * t + 1.781477937) * t - 0.356563782) * t + 0.31938153) *
    t *
    Math.exp((-z * z) / 2) *
    0.3989422804;
  return z > 0 ? 1 - tail : tail;
}

/** The standard normal value below which `share` lies: bisection, exact enough and only for tables and a few draws. */
export function inverseNormal(share: number): number {
  let low = -8;
  let high = 8;
  for (let step = 0; step < 40; step += 1) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
