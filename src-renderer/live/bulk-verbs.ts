import type { BulkReceipt } from '../../src-main/api/types.ts';
import { plural } from '../components/format.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** What the host does to many jobs at once. */

type BulkKind = 'cancel' | 'interrupt' | 'requeue' | 'reinstate';

const DONE: Record<BulkKind, string> = {
  cancel: 'cancelled',
  interrupt: 'being interrupted',
  requeue: 'back in the queue',
  reinstate: 'back in the queue, in the old order',
};

/** One act on these jobs; cancelling can be taken back from the notice. */
export function useBulk() {
  const verb = useVerb<{ jobIds: string[]; kind: BulkKind }, BulkReceipt>({
    run: (client, { jobIds, kind }) => client.jobs.bulk.mutate({ jobIds, act: { kind } }),
    done: ({ done, refused, why }, { kind }) => {
      const rest = refused > 0 ? ` ${plural(refused, 'other')} not: ${why.join(' ')}` : '';
      const undo =
        kind === 'cancel' && done.length > 0
          ? () => verb.mutate({ jobIds: done, kind: 'reinstate' })
          : undefined;
      sayDone(`${plural(done.length, 'job')} ${DONE[kind]}.${rest}`, undo, 'bulk');
    },
    failed: (error, again) => sayFailed('The jobs were not changed', error, again),
  });
  return verb;
}
