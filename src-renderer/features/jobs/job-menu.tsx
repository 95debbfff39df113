import { ActionIcon, Menu } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowBarToUp,
  IconCopy,
  IconDots,
  IconHandStop,
  IconListSearch,
  IconX,
} from '@tabler/icons-react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { sayDone } from '../../components/notice.tsx';
import {
  askToInterrupt,
  PRIORITY_WORDS,
  useCancel,
  usePrioritise,
  useRequeue,
} from '../../live/job-verbs.ts';
import { nameOf } from '../../live/names.ts';
import { useLive } from '../../live/store.ts';
import { openJob } from './open-job.ts';

/** Verbs of one job: what its state allows. Only the opened row builds the menu. */
export function JobMenu(props: {
  job: JobSummary;
  opened: boolean;
  onOpen: () => void;
  onClose: () => void;
}) {
  const { job, opened } = props;
  const button = (
    <ActionIcon
      variant="subtle"
      color="gray"
      c="var(--dim)"
      tabIndex={-1}
      aria-label={`Actions for the job of ${nameOf(job.userId)}`}
      aria-haspopup="menu"
      onClick={opened ? undefined : props.onOpen}
    >
      <IconDots size="1.0625rem" aria-hidden />
    </ActionIcon>
  );
  if (!opened) return button;
  return (
    // It may open within a key press that is still on its way up; that press must not count as one outside of it.
    <Menu
      opened
      onClose={props.onClose}
      position="bottom-end"
      width={270}
      returnFocus={false}
      clickOutsideEvents={['mousedown', 'touchstart']}
    >
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        <Entries job={job} />
      </Menu.Dropdown>
    </Menu>
  );
}

function Entries({ job }: { job: JobSummary }) {
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
  const cancel = useCancel();
  const prioritise = usePrioritise();
  const requeue = useRequeue();
  const waits = job.queue === 'pending';
  const ended =
    job.status === 'failed' ||
    job.status === 'cancelled' ||
    (job.queue === null && job.status !== 'unreadable');
  return (
    <>
      {!reached && <Menu.Label>Redis is not reached now</Menu.Label>}
      {waits && (
        <>
          <Menu.Item
            leftSection={<IconArrowBarToUp size="1rem" />}
            disabled={!reached || job.priority === 0}
            data-autofocus={job.priority !== 0 || undefined}
            onClick={() => prioritise.mutate({ job, priority: 0 })}
          >
            To the front
          </Menu.Item>
          {([1, 2, 3] as const).map((priority) => (
            <Menu.Item
              key={priority}
              leftSection={<span style={{ width: '1rem' }} />}
              disabled={!reached || job.priority === priority}
              onClick={() => prioritise.mutate({ job, priority })}
            >
              Priority {PRIORITY_WORDS[priority]}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconX size="1rem" />}
            disabled={!reached}
            onClick={() => cancel.mutate({ job })}
          >
            Cancel
          </Menu.Item>
        </>
      )}
      {job.status === 'running' && (
        <Menu.Item
          c="var(--fail)"
          data-autofocus
          leftSection={<IconHandStop size="1rem" />}
          disabled={!reached}
          onClick={() => askToInterrupt(job, () => cancel.mutate({ job }))}
        >
          Interrupt…
        </Menu.Item>
      )}
      {ended && (
        <Menu.Item
          leftSection={<IconArrowBackUp size="1rem" />}
          disabled={!reached}
          onClick={() => requeue.mutate({ job })}
        >
          Requeue
        </Menu.Item>
      )}
      <Menu.Item leftSection={<IconListSearch size="1rem" />} onClick={() => openJob(job.id)}>
        Details
      </Menu.Item>
      <Menu.Item
        leftSection={<IconCopy size="1rem" />}
        data-autofocus={(!waits && job.status !== 'running') || undefined}
        onClick={() => {
          navigator.clipboard.writeText(job.id).then(
            () => sayDone('The job id is copied.'),
            () => sayDone(`The job id is ${job.id}`),
          );
        }}
      >
        Copy job id
      </Menu.Item>
    </>
  );
}
