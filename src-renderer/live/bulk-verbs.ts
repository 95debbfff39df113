import type { BulkAct, BulkReceipt } from '../../src-main/api/types.ts';
import { plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { isPriority, PRIORITY_WORDS } from './job-verbs.ts';
import { liveStore } from './store.ts';
import { useTakeBack } from './take-back.ts';

/** What the host does to many jobs at once. */
export type BulkInput = BulkAct & { jobIds: string[] };

function doneText(act: BulkAct): string {
  switch (act.kind) {
    case 'cancel':
      return 'cancelled';
    case 'interrupt':
      return 'being interrupted';
    case 'requeue':
      return 'back in the queue';
    case 'reinstate':
      return 'back in the queue, in the old order';
    case 'prioritise':
      return `now at ${PRIORITY_WORDS[act.priority]} priority`;
  }
}

/** A receipt, and the priorities that the jobs had before the act. */
type Done = BulkReceipt & { before: OldPriorities };
type OldPriorities = ReadonlyMap<string, 0 | 1 | 2 | 3>;

/** One act on these jobs. The notice takes back what can be: cancelling, requeueing, another priority. */
export function useBulk() {
  const back = useTakeBack();
  const restore = useOldPriorities();
  const verb = useVerb<BulkInput, Done>({
    run: async (client, { jobIds, ...act }) => {
      const before = act.kind === 'prioritise' ? prioritiesOf(jobIds) : new Map();
      return { ...(await client.jobs.bulk.mutate({ jobIds, act })), before };
    },
    done: ({ done, refused, why, before }, input) => {
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.join(' ')}` : '';
      const undo = () => {
        if (input.kind === 'cancel') back.mutate({ jobIds: done });
        // What started meanwhile runs on: cancelling takes only those that wait.
        else if (input.kind === 'requeue') verb.mutate({ jobIds: done, kind: 'cancel' });
        else restore.mutate({ jobIds: done, before });
      };
      const can = { cancel: true, requeue: true, prioritise: before.size > 0 };
      const offered = done.length > 0 && input.kind in can && can[input.kind as keyof typeof can];
      sayDone(`${plural(done.length, 'job')} ${doneText(input)}.${rest}`, offered ? undo : undefined, 'bulk');
    },
    failed: (error, again) => sayFailed('The jobs were not changed', error, again),
  });
  return verb;
}

/** What stands on the screen at the click. */
function prioritiesOf(jobIds: readonly string[]): OldPriorities {
  const { jobs } = liveStore.getState();
  const before = new Map<string, 0 | 1 | 2 | 3>();
  for (const id of jobIds) {
    const priority = jobs.get(id)?.priority ?? null;
    if (isPriority(priority)) before.set(id, priority);
  }
  return before;
}

/** Gives each of these jobs the priority it had; with it comes its old place. */
function useOldPriorities() {
  return useVerb({
    run: async (client, { jobIds, before }: { jobIds: string[]; before: OldPriorities }) => {
      const sum: BulkReceipt = { done: [], refused: 0, why: [] };
      for (const priority of [0, 1, 2, 3] as const) {
        const had = jobIds.filter((id) => before.get(id) === priority);
        if (had.length === 0) continue;
        const part = await client.jobs.bulk.mutate({ jobIds: had, act: { kind: 'prioritise', priority } });
        sum.done.push(...part.done);
        sum.refused += part.refused;
        sum.why.push(...part.why);
      }
      return sum;
    },
    done: ({ done, refused, why }) => {
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.slice(0, 3).join(' ')}` : '';
      sayDone(`${plural(done.length, 'job')} back at the old priority.${rest}`, undefined, 'bulk');
    },
    failed: (error, again) => sayFailed('The old priorities were not given back', error, again),
  });
}
