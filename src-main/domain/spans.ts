/** Stretches of time and their sums. One clock, epoch ms. */
export type Span = readonly [from: number, until: number];

/** Length of the union of spans between two moments. */
export function covered(spans: readonly Span[], from: number, to: number): number {
  let sum = 0;
  let reached = from;
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const begin = Math.max(start, reached);
    const stop = Math.min(end, to);
    if (stop <= begin) continue;
    sum += stop - begin;
    reached = stop;
  }
  return sum;
}

/** The union of spans between two moments, as spans that do not touch, the earliest first. */
export function unionOf(spans: readonly Span[], from: number, to: number): Span[] {
  const union: [number, number][] = [];
  for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    const [begin, stop] = [Math.max(start, from), Math.min(end, to)];
    if (stop <= begin) continue;
    const last = union.at(-1);
    if (last && begin <= last[1]) last[1] = Math.max(last[1], stop);
    else union.push([begin, stop]);
  }
  return union;
}
