import type { UseMutationResult } from '@tanstack/react-query';
import type { JobSummary } from '../../src-main/api/types.ts';
import { askFirst } from '../components/confirm.tsx';
import { cut, spanText } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { toLocal } from './clock.ts';
import { useVerb } from './command.ts';
import { nameOf } from './names.ts';
import { liveStore } from './store.ts';
import { useTakeBack } from './take-back.ts';

/** What the host does to a job. */

interface JobInput {
  job: JobSummary;
}

/** Whose job it is, short enough for a sentence. */
export const ownerOf = (job: JobSummary) => nameOf(job.userId);

/** Puts a failed or cancelled job back into the queue; the notice cancels it again while it has not started. */
export function useRequeue() {
  const cancel = useCancelWaitingJob();
  return useVerb({
    run: (client, { job }: JobInput) => client.jobs.requeue.mutate({ jobId: job.id }),
    done: (_output, { job }) =>
      sayDone(`${ownerOf(job)}'s job waits again.`, () => cancel.mutate({ job }), job.id),
    failed: (error, again, { job }) => sayFailed(`${ownerOf(job)}'s job was not requeued`, error, again),
  });
}

/** Takes a requeued job out of the queue again, unless it runs by now: what runs is never stopped by an Undo. */
function useCancelWaitingJob() {
  const back = useTakeBack();
  return useVerb({
    run: (client, { job }: JobInput) =>
      client.jobs.bulk.mutate({ jobIds: [job.id], act: { kind: 'cancel' } }),
    done: ({ done, why }, { job }) =>
      done.length > 0
        ? sayDone(
            `${ownerOf(job)}'s job is cancelled again.`,
            () => back.mutate({ jobIds: [job.id] }),
            job.id,
          )
        : sayFailed(
            `${ownerOf(job)}'s job was not cancelled again`,
            { code: 'WRONG_STATE', message: why.join(' '), retryable: false },
            () => {},
          ),
    failed: (error, again, { job }) =>
      sayFailed(`${ownerOf(job)}'s job was not cancelled again`, error, again),
  });
}

/** Cancels a waiting job (the notice takes it back) or interrupts a running one. */
export function useCancel() {
  const back = useTakeBack();
  return useVerb({
    run: (client, { job }: JobInput) => client.jobs.cancel.mutate({ jobId: job.id }),
    done: ({ was }, { job }) =>
      was === 'pending'
        ? sayDone(
            `${ownerOf(job)}'s waiting job is cancelled.`,
            () => back.mutate({ jobIds: [job.id] }),
            job.id,
          )
        : sayDone(`${ownerOf(job)}'s job is being interrupted.`, undefined, job.id),
    failed: (error, again, { job }) => sayFailed(`${ownerOf(job)}'s job was not cancelled`, error, again),
  });
}

/** Moves a waiting job by its priority: 0 instructor, 1 high, 2 normal, 3 low. The notice gives the old one back. */
export function usePrioritise() {
  const verb: UseMutationResult<void, Error, PriorityInput> = useVerb({
    run: (client, { job, priority }: PriorityInput) =>
      client.jobs.prioritise.mutate({ jobId: job.id, priority }),
    done: (_output, { job, priority }) =>
      sayDone(
        `${ownerOf(job)}'s job now has ${PRIORITY_WORDS[priority]} priority.`,
        isPriority(job.priority) && job.priority !== priority
          ? undoOf({ job: { ...job, priority }, priority: job.priority })
          : undefined,
        job.id,
      ),
    failed: (error, again, { job }) => sayFailed(`${ownerOf(job)}'s job was not moved`, error, again),
  });
  const undoOf = (input: PriorityInput) => () => verb.mutate(input);
  return verb;
}

type PriorityNumber = 0 | 1 | 2 | 3;
interface PriorityInput extends JobInput {
  priority: PriorityNumber;
}

export const isPriority = (value: number | null): value is PriorityNumber =>
  value === 0 || value === 1 || value === 2 || value === 3;

/** Words of the platform's priorities (contract 1.2), by number. */
export const PRIORITY_WORDS = ['instructor', 'high', 'normal', 'low'] as const;

/** Asks before a running job is interrupted, naming whose it is and how much is lost. */
export function askToInterrupt(job: JobSummary, interrupt: () => void): void {
  const startedAt = toLocal(job.startedAt, liveStore.getState().clockOffsetMs);
  const lost =
    startedAt === null
      ? 'What it has done so far'
      : `It has run ${spanText(Date.now() - startedAt)}; that work`;
  askFirst({
    title: `Interrupt ${ownerOf(job)}'s job?`,
    lines: [
      `${ownerOf(job)}'s ${job.kind} job runs${job.workerId ? ` on ${cut(job.workerId, 64)}` : ''}.`,
      `${lost} would be lost. The job can be requeued afterwards and then starts from the beginning.`,
    ],
    act: `Interrupt ${ownerOf(job)}'s job`,
    onAct: interrupt,
  });
}
