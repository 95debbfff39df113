/** How far a machine's clock is from ours, ms; `ms` > 0 is ahead. The truth lies within ± `withinMs` of it. */
export interface ClockSkew {
  ms: number;
  withinMs: number;
}

/** A clock that tells whole seconds only tells them up to a second late. */
const WHOLE_SECOND_MS = 1000;

/**
 * From one look: the machine says its time first and last, and a look may take long in between, so its middle is no
 * measure. Both times lie between our sending and our having heard all; what is left over is the link's, and which half
 * of it came before is not known.
 * @param theirs epoch ms of its clock at the first and the last line; null where it did not say.
 * @param ours epoch ms of our clock before and after.
 * @returns null when it is not known.
 */
export function clockSkew(
  theirs: { start: number | null; end: number | null },
  ours: { before: number; after: number },
): ClockSkew | null {
  const { start, end } = theirs;
  if (start === null || end === null) return null;
  const onTheWay = ours.after - ours.before - (end - start);
  // One of the clocks was set meanwhile.
  if (onTheWay < -WHOLE_SECOND_MS || end < start) return null;
  const coarse = start % 1000 === 0 && end % 1000 === 0 ? WHOLE_SECOND_MS : 0;
  const ms = (start - ours.before + (end - ours.after)) / 2;
  return { ms: Math.round(ms), withinMs: Math.round(Math.max(0, onTheWay) / 2) + coarse };
}
