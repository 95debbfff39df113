import type { StepId } from './deploy-view.ts';

/** Steps that the host may leave out. */
export const SKIPPABLE_STEPS = [
  'gpu',
  'ports',
  'room',
  'docker',
  'toolkit',
  'tailscale',
  'delivery',
] as const satisfies readonly StepId[];
