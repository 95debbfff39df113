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
import type { ReactNode } from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { nameOf } from '../../live/names.ts';
import { type JobAct, useJobActs } from './job-acts.ts';
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
  const { reached, priorities, cancel, interrupt, requeue, copyId } = useJobActs(job);
  const [front, ...others] = priorities;
  return (
    <>
      {!reached && <Menu.Label>Redis is not reached now</Menu.Label>}
      {front && <Entry act={front} icon={<IconArrowBarToUp size="1rem" />} first={job.priority !== 0} />}
      {others.map((act) => (
        <Entry key={act.label} act={act} icon={<span style={{ width: '1rem' }} />} />
      ))}
      {front && <Menu.Divider />}
      {cancel && <Entry act={cancel} icon={<IconX size="1rem" />} />}
      {interrupt && <Entry act={interrupt} icon={<IconHandStop size="1rem" />} color="var(--fail)" first />}
      {requeue && <Entry act={requeue} icon={<IconArrowBackUp size="1rem" />} />}
      <Menu.Item leftSection={<IconListSearch size="1rem" />} onClick={() => openJob(job.id)}>
        Details
      </Menu.Item>
      <Entry act={copyId} icon={<IconCopy size="1rem" />} first={!front && !interrupt} />
    </>
  );
}

/** @param first takes the focus when the menu opens. */
function Entry(props: { act: JobAct; icon: ReactNode; color?: string; first?: boolean }) {
  const { act } = props;
  return (
    <Menu.Item
      c={props.color}
      leftSection={props.icon}
      disabled={act.disabled}
      data-autofocus={props.first || undefined}
      onClick={act.take}
    >
      {act.label}
    </Menu.Item>
  );
}
