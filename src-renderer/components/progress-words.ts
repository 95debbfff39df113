import type { JobProgress } from '../../src-main/api/types.ts';

export const PHASE_WORDS: Record<JobProgress['phase'], string> = {
  preparing: 'preparing',
  queued: 'handed to ComfyUI',
  loading: 'loading models',
  running: 'computing',
  delivering: 'delivering the result',
  settling: 'finishing',
};

/** "step 13 of 21"; undefined while no step is known or something else than computing goes on. */
export function stepText(progress: JobProgress | undefined): string | undefined {
  if (!progress || progress.step === null || progress.steps === null || progress.phase !== 'running')
    return undefined;
  return `step ${progress.step} of ${progress.steps}`;
}
