import { create } from 'zustand';
import type { RecapTable } from '../../src-main/api/types.ts';
import { goTo } from './navigate.ts';

/** How a recap is taken home. */
export type TakeHomeAs = 'pdf' | 'picture' | RecapTable;

/** A wish that could not be met so long is forgotten: it would come when nobody expects it, ms. */
const FORGOTTEN_MS = 10_000;

/** What somebody has just asked for, and when; the Recap screen takes it once the day is shown. */
export const useAskedRecap = create<{ asked: { as: TakeHomeAs; at: number } | null }>(() => ({
  asked: null,
}));

/** Opens the Recap screen and takes its day home. */
export function takeRecapHome(as: TakeHomeAs): void {
  goTo('recap');
  useAskedRecap.setState({ asked: { as, at: Date.now() } });
}

/** Takes what was asked for, once. */
export function takeAsked(): TakeHomeAs | null {
  const { asked } = useAskedRecap.getState();
  if (asked === null) return null;
  useAskedRecap.setState({ asked: null });
  return Date.now() - asked.at <= FORGOTTEN_MS ? asked.as : null;
}
