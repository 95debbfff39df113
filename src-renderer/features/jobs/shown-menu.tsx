import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { useBulk } from '../../live/bulk-verbs.ts';
import { isReached } from '../../live/reached.ts';
import { useLive } from '../../live/store.ts';
import { bulkOffers } from './bulk-offers.ts';
import { PriorityEntries } from './priority-entries.tsx';

/** Acts on all jobs that the filter leaves. */
export function ShownMenu({ jobs }: { jobs: readonly JobSummary[] }) {
  const reached = useLive(isReached);
  const bulk = useBulk();
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <Button
          variant="default"
          disabled={!reached || jobs.length === 0 || bulk.isPending}
          rightSection={<IconChevronDown size="1rem" aria-hidden />}
        >
          All shown…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {bulkOffers(jobs, bulk.mutate).map(({ kind, label, count, take }) => (
          <Menu.Item key={kind} disabled={count === 0} onClick={take}>
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <PriorityEntries jobs={jobs} act={bulk.mutate} />
      </Menu.Dropdown>
    </Menu>
  );
}
