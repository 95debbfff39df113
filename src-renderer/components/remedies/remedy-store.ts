import { create } from 'zustand';
import type { ErrorInfo, RemedyPlan, RemedyResult } from '../../../src-main/api/types.ts';
import type { RemedyAt } from '../../live/remedy-verbs.ts';

interface Shown {
  at: RemedyAt;
  plan: RemedyPlan;
  mended: () => void;
}

interface RemedyState {
  shown: Shown | null;
  opened: boolean;
  result: RemedyResult | null;
  problem: ErrorInfo | null;
}

/** The remedy that stands before the person; what it mends takes its own button away. */
export const useRemedy = create<RemedyState>(() => ({
  shown: null,
  opened: false,
  result: null,
  problem: null,
}));

export const showRemedy = (shown: Shown) =>
  useRemedy.setState({ shown, opened: true, result: null, problem: null });
