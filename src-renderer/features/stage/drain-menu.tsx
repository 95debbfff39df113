import { Button, Menu } from '@mantine/core';
import { IconChevronDown, IconDropletDown, IconPlayerPlay } from '@tabler/icons-react';
import { useDrain, useResume } from '../../live/fleet-verbs.ts';
import { useLive } from '../../live/store.ts';
import { isReached } from './facts.ts';

/** Lets workers finish and take no more; each entry says what it does, and the notice after it offers the way back. */
export function DrainMenu() {
  const reached = useLive(isReached);
  return (
    <Menu position="bottom-end" width={300} disabled={!reached}>
      <Menu.Target>
        <Button
          variant="default"
          px="sm"
          leftSection={<IconDropletDown size="1rem" />}
          rightSection={<IconChevronDown size="0.875rem" />}
          aria-disabled={!reached}
          data-disabled={!reached || undefined}
        >
          Drain…
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Entries />
      </Menu.Dropdown>
    </Menu>
  );
}

function Entries() {
  const hosts = useLive((state) => state.hosts);
  const drain = useDrain();
  const resume = useResume();
  const list = Object.values(hosts);
  const single = list.length === 1;
  return list.map((host, at) => {
    const drained = new Set(host.desired?.drained);
    const workers = host.status?.workers ?? [];
    const allDrained = workers.length > 0 && workers.every(({ id }) => drained.has(id));
    return (
      <div key={host.id}>
        <Menu.Label>{single ? 'Running jobs are finished, no new ones taken' : host.id}</Menu.Label>
        <Menu.Item
          leftSection={<IconDropletDown size="1rem" />}
          disabled={workers.length === 0 || allDrained}
          data-autofocus={(at === 0 && !allDrained) || undefined}
          onClick={() => drain.mutate({ hostId: host.id, workerIds: [] })}
        >
          Drain all workers
        </Menu.Item>
        {drained.size > 0 && (
          <Menu.Item
            leftSection={<IconPlayerPlay size="1rem" />}
            data-autofocus={(at === 0 && allDrained) || undefined}
            onClick={() => resume.mutate({ hostId: host.id, workerIds: [] })}
          >
            Resume all workers
          </Menu.Item>
        )}
        {single && <Menu.Divider />}
        {single &&
          workers.map(({ id }) =>
            drained.has(id) ? (
              <Menu.Item
                key={id}
                leftSection={<IconPlayerPlay size="1rem" />}
                onClick={() => resume.mutate({ hostId: host.id, workerIds: [id] })}
              >
                Resume {id}
              </Menu.Item>
            ) : (
              <Menu.Item
                key={id}
                leftSection={<IconDropletDown size="1rem" />}
                onClick={() => drain.mutate({ hostId: host.id, workerIds: [id] })}
              >
                Drain {id}
              </Menu.Item>
            ),
          )}
      </div>
    );
  });
}
