import type { JobSummary } from '../../src-main/api/types.ts';
import { jobStartWords } from '../components/start-words.ts';
import { isReached } from './reached.ts';
import { liveStore } from './store.ts';

/** When a waiting job starts, in words, as far as that is known now; read anew at every tick of the clock. */
export function startsText(job: JobSummary, now: number): string | undefined {
  const state = liveStore.getState();
  if (job.queue !== 'pending' || !isReached(state)) return undefined;
  return jobStartWords(state.waits, job.id, now) ?? jobStartWords(state.laterWaits, job.id, now);
}
