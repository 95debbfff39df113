import { ActionIcon, Menu } from '@mantine/core';
import {
  IconDotsVertical,
  IconDropletDown,
  IconEraser,
  IconFileText,
  IconHandStop,
  IconPlayerPlay,
  IconRefresh,
} from '@tabler/icons-react';
import { memo, useState } from 'react';
import type { WorkerState } from '../../../src-main/api/types.ts';
import { showLog } from '../../components/navigate.ts';
import { useDrain, useFreeVram, useRestartWorker, useResume } from '../../live/fleet-verbs.ts';
import { askToInterrupt, useCancel } from '../../live/job-verbs.ts';
import { liveStore, useLive } from '../../live/store.ts';
import { isReached } from './facts.ts';

interface WorkerMenuProps {
  hostId: string;
  workerId: string;
  state: WorkerState;
}

/** Verbs of one worker. The menu itself is only built once it is asked for: there may be 64 cards. */
export const WorkerMenu = memo(function WorkerMenu(props: WorkerMenuProps) {
  const [asked, setAsked] = useState(false);
  const button = (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      c="var(--dim)"
      aria-label={`Actions for ${props.workerId} on ${props.hostId}`}
      aria-haspopup="menu"
      onClick={asked ? undefined : () => setAsked(true)}
    >
      <IconDotsVertical size="1rem" aria-hidden />
    </ActionIcon>
  );
  if (!asked) return button;
  return (
    <Menu position="bottom-end" width={250} defaultOpened onClose={() => setAsked(false)}>
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        <Entries {...props} />
      </Menu.Dropdown>
    </Menu>
  );
});

function Entries({ hostId, workerId, state }: WorkerMenuProps) {
  const drained = useLive(({ hosts }) => hosts[hostId]?.desired?.drained.includes(workerId) ?? false);
  const reached = useLive(isReached);
  const drain = useDrain();
  const resume = useResume();
  const restart = useRestartWorker();
  const free = useFreeVram();
  const cancel = useCancel();
  const job = state.kind === 'busy' || state.kind === 'draining' ? state.job : undefined;
  return (
    <>
      {!reached && <Menu.Label>Redis is not reached now</Menu.Label>}
      {drained ? (
        <Menu.Item
          disabled={!reached}
          data-autofocus
          leftSection={<IconPlayerPlay size="1rem" />}
          onClick={() => resume.mutate({ hostId, workerIds: [workerId] })}
        >
          Resume
        </Menu.Item>
      ) : (
        <Menu.Item
          disabled={!reached}
          data-autofocus
          leftSection={<IconDropletDown size="1rem" />}
          onClick={() => drain.mutate({ hostId, workerIds: [workerId] })}
        >
          Drain
        </Menu.Item>
      )}
      <Menu.Item
        disabled={!reached}
        leftSection={<IconRefresh size="1rem" />}
        onClick={() => restart.mutate({ hostId, workerId })}
      >
        {job ? 'Restart after its job' : 'Restart'}
      </Menu.Item>
      <Menu.Item
        disabled={!reached}
        leftSection={<IconEraser size="1rem" />}
        onClick={() => free.mutate({ hostId, workerId })}
      >
        {job ? 'Free VRAM after its job' : 'Free VRAM'}
      </Menu.Item>
      <Menu.Item leftSection={<IconFileText size="1rem" />} onClick={() => showLog(hostId, workerId)}>
        Show its log
      </Menu.Item>
      {job && (
        <>
          <Menu.Divider />
          <Menu.Item
            c="var(--fail)"
            disabled={!reached}
            leftSection={<IconHandStop size="1rem" />}
            onClick={() => {
              const summary = liveStore.getState().jobs.get(job.jobId);
              if (summary) askToInterrupt(summary, () => cancel.mutate({ job: summary }));
            }}
          >
            Interrupt the job…
          </Menu.Item>
        </>
      )}
    </>
  );
}
