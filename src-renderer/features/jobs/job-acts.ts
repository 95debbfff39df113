import type { JobSummary } from '../../../src-main/api/types.ts';
import { sayDone } from '../../components/notice.tsx';
import {
  askToInterrupt,
  PRIORITY_WORDS,
  useCancel,
  usePrioritise,
  useRequeue,
} from '../../live/job-verbs.ts';
import { isReached } from '../../live/reached.ts';
import { useLive } from '../../live/store.ts';

/** One thing that the host can do about a job now. */
export interface JobAct {
  label: string;
  disabled: boolean;
  take: () => void;
}

/** What the state of a job allows: the row's menu and the drawer offer the same. */
export interface JobActs {
  /** Nothing can be done while it is not. */
  reached: boolean;
  /** To the front, then each priority; empty unless it waits. */
  priorities: JobAct[];
  /** It waits. */
  cancel: JobAct | undefined;
  /** It runs; asks before it loses work. */
  interrupt: JobAct | undefined;
  /** It has failed, was cancelled, or stands in no queue at all. */
  requeue: JobAct | undefined;
  copyId: JobAct;
}

export function useJobActs(job: JobSummary): JobActs {
  const reached = useLive(isReached);
  const cancel = useCancel();
  const prioritise = usePrioritise();
  const requeue = useRequeue();
  const waits = job.queue === 'pending';
  const astray = job.queue === null && job.status !== 'unreadable';
  const act = (label: string, take: () => void): JobAct => ({ label, disabled: !reached, take });
  return {
    reached,
    priorities: waits
      ? ([0, 1, 2, 3] as const).map((priority) => ({
          label: priority === 0 ? 'To the front' : `Priority ${PRIORITY_WORDS[priority]}`,
          disabled: !reached || job.priority === priority,
          take: () => prioritise.mutate({ job, priority }),
        }))
      : [],
    cancel: waits ? act('Cancel', () => cancel.mutate({ job })) : undefined,
    interrupt:
      job.status === 'running'
        ? act('Interrupt…', () => askToInterrupt(job, () => cancel.mutate({ job })))
        : undefined,
    requeue:
      job.status === 'failed' || job.status === 'cancelled' || astray
        ? act('Requeue', () => requeue.mutate({ job }))
        : undefined,
    copyId: {
      label: 'Copy job id',
      disabled: false,
      take: () => {
        navigator.clipboard.writeText(job.id).then(
          () => sayDone('The job id is copied.'),
          () => sayDone(`The job id is ${job.id}`),
        );
      },
    },
  };
}
