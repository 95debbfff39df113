/** Next round number above the data, so that the axis changes seldom. */
export function niceTop(highest: number): number {
  if (highest <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(highest));
  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (factor * power >= highest) return factor * power;
  return 10 * power;
}

const MINUTE = 60_000;
/** Distances between times on the axis that people read easily. */
const STEPS = [1, 2, 5, 10, 30, 60, 120, 240].map((minutes) => minutes * MINUTE);

/** Two to four round times within the span, away from its edges. */
export function ticksOf(until: number, spanMs: number): number[] {
  const step = STEPS.find((one) => spanMs / one <= 4) ?? 240 * MINUTE;
  const edge = spanMs / 12;
  const ticks: number[] = [];
  for (let at = Math.ceil((until - spanMs + edge) / step) * step; at <= until - edge; at += step)
    ticks.push(at);
  return ticks;
}
