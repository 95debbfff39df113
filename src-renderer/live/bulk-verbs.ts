import type { BulkAct, BulkReceipt } from '../../src-main/api/types.ts';
import { plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { PRIORITY_WORDS } from './job-verbs.ts';

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

/** One act on these jobs; cancelling can be taken back from the notice. */
export function useBulk() {
  const verb = useVerb<BulkInput, BulkReceipt>({
    run: (client, { jobIds, ...act }) => client.jobs.bulk.mutate({ jobIds, act }),
    done: ({ done, refused, why }, input) => {
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.join(' ')}` : '';
      const undo =
        input.kind === 'cancel' && done.length > 0
          ? () => verb.mutate({ jobIds: done, kind: 'reinstate' })
          : undefined;
      sayDone(`${plural(done.length, 'job')} ${doneText(input)}.${rest}`, undo, 'bulk');
    },
    failed: (error, again) => sayFailed('The jobs were not changed', error, again),
  });
  return verb;
}
