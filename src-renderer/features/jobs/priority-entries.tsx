import { Menu } from '@mantine/core';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { plural } from '../../components/format.ts';
import type { BulkInput } from '../../live/bulk-verbs.ts';
import { PRIORITY_WORDS } from '../../live/job-verbs.ts';

/** Entries of a menu that give the waiting among these jobs another priority. */
export function PriorityEntries(props: { jobs: readonly JobSummary[]; act: (input: BulkInput) => void }) {
  const waiting = props.jobs.filter(({ queue }) => queue === 'pending');
  return (
    <>
      <Menu.Label>Priority of {plural(waiting.length, 'waiting job')}</Menu.Label>
      {([0, 1, 2, 3] as const).map((priority) => {
        const others = waiting.filter((job) => job.priority !== priority);
        return (
          <Menu.Item
            key={priority}
            disabled={others.length === 0}
            onClick={() => props.act({ kind: 'prioritise', priority, jobIds: others.map(({ id }) => id) })}
          >
            {priority === 0 ? 'Instructor: to the front' : capital(PRIORITY_WORDS[priority])}
          </Menu.Item>
        );
      })}
    </>
  );
}

const capital = (word: string) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
