import { factsOf, type StageFacts } from '../../../src-renderer/features/stage/facts.ts';
import { applyChanges } from '../../../src-renderer/live/apply.ts';
import { emptyState, type LiveState } from '../../../src-renderer/live/store.ts';
import type { FakeState } from '../../support/fake-workshop.ts';

/** A fixed afternoon, so that sentences with clock times can be compared; local time of whoever runs the tests. */
export const NOW = new Date(2026, 10, 23, 14, 2, 0).getTime();

/** The live state of a page that has received this workshop. */
export function stateOf(state: FakeState): LiveState {
  const live = applyChanges(emptyState(NOW), [{ kind: 'snapshot', ...structuredClone(state) }]);
  return { ...live, line: { kind: 'live', since: NOW } };
}

export const factsFrom = (state: FakeState, change: Partial<StageFacts> = {}): StageFacts => ({
  ...factsOf(stateOf(state)),
  ...change,
});
