import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { askFirst } from '../../components/confirm.tsx';
import { plural } from '../../components/format.ts';
import { useBulk } from '../../live/bulk-verbs.ts';
import { useLive } from '../../live/store.ts';

/** Acts on all jobs that the filter leaves. They are those of the moment of the click, and no others. */
export function ShownMenu({ jobs }: { jobs: readonly JobSummary[] }) {
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
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
        <Entries jobs={jobs} act={bulk.mutate} />
      </Menu.Dropdown>
    </Menu>
  );
}

function Entries(props: { jobs: readonly JobSummary[]; act: ReturnType<typeof useBulk>['mutate'] }) {
  const { act } = props;
  const idsOf = (wanted: (job: JobSummary) => boolean) => props.jobs.filter(wanted).map(({ id }) => id);
  const waiting = idsOf(({ queue }) => queue === 'pending');
  const running = idsOf(({ status }) => status === 'running');
  const ended = idsOf(({ status }) => status === 'failed' || status === 'cancelled');
  return (
    <>
      <Menu.Item
        disabled={waiting.length === 0}
        onClick={() =>
          askFirst({
            title: `Cancel ${plural(waiting.length, 'waiting job')}?`,
            lines: ['They leave the queue. For 15 minutes they can be taken back into their old places.'],
            act: `Cancel ${plural(waiting.length, 'waiting job')}`,
            onAct: () => act({ jobIds: waiting, kind: 'cancel' }),
          })
        }
      >
        Cancel {plural(waiting.length, 'waiting job')}…
      </Menu.Item>
      <Menu.Item
        disabled={running.length === 0}
        onClick={() =>
          askFirst({
            title: `Interrupt ${plural(running.length, 'running job')}?`,
            lines: ['What they have done so far would be lost. They can be requeued and start again.'],
            act: `Interrupt ${plural(running.length, 'running job')}`,
            onAct: () => act({ jobIds: running, kind: 'interrupt' }),
          })
        }
      >
        Interrupt {plural(running.length, 'running job')}…
      </Menu.Item>
      <Menu.Item disabled={ended.length === 0} onClick={() => act({ jobIds: ended, kind: 'requeue' })}>
        Requeue {plural(ended.length, 'failed or cancelled job')}
      </Menu.Item>
    </>
  );
}
