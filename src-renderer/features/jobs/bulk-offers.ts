import type { JobSummary } from '../../../src-main/api/types.ts';
import { askFirst } from '../../components/confirm.tsx';
import { countText, listText, plural } from '../../components/format.ts';
import type { BulkInput } from '../../live/bulk-verbs.ts';
import { nameOf } from '../../live/names.ts';

/** One act on many jobs: those among them whose state allows it. */
export interface BulkOffer {
  kind: BulkInput['kind'];
  /** The same as `label` where place is dear: "Cancel 3 waiting…". */
  short: string;
  /** The words of the button, with an ellipsis where it asks first. */
  label: string;
  count: number;
  take: () => void;
}

/** What can be done to these jobs at once. They are those of the moment of the click, and no others. */
export function bulkOffers(jobs: readonly JobSummary[], act: (input: BulkInput) => void): BulkOffer[] {
  const waiting = jobs.filter(({ queue }) => queue === 'pending');
  const running = jobs.filter(({ status }) => status === 'running');
  const ended = jobs.filter(({ status }) => status === 'failed' || status === 'cancelled');
  const asking = (kind: 'cancel' | 'interrupt', of: readonly JobSummary[], what: string, line: string) => {
    const verb = kind === 'cancel' ? 'Cancel' : 'Interrupt';
    const take = () =>
      askFirst({
        title: `${verb} ${what}?`,
        lines: [`${of.length === 1 ? 'It belongs' : 'They belong'} to ${ownersOf(of)}.`, line],
        act: `${verb} ${what}`,
        onAct: () => act({ kind, jobIds: idsOf(of) }),
      });
    const state = kind === 'cancel' ? 'waiting' : 'running';
    const short = `${verb} ${countText(of.length)} ${state}…`;
    return { kind, short, label: `${verb} ${what}…`, count: of.length, take };
  };
  const again = plural(ended.length, 'failed or cancelled job');
  return [
    asking(
      'cancel',
      waiting,
      plural(waiting.length, 'waiting job'),
      'They leave the queue. For 15 minutes they can be taken back into their old places.',
    ),
    asking(
      'interrupt',
      running,
      plural(running.length, 'running job'),
      'What they have done so far would be lost. They can be requeued and start again.',
    ),
    {
      ...{ kind: 'requeue', short: `Requeue ${countText(ended.length)}`, label: `Requeue ${again}` },
      count: ended.length,
      take: () => act({ kind: 'requeue', jobIds: idsOf(ended) }),
    },
  ];
}

const idsOf = (jobs: readonly JobSummary[]) => jobs.map(({ id }) => id);

function ownersOf(jobs: readonly JobSummary[]): string {
  return listText([...new Set(jobs.map(({ userId }) => nameOf(userId)))], 6);
}
