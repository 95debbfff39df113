import { Button, Group, Menu } from '@mantine/core';
import { IconArrowBackUp, IconChevronDown, IconCopy, IconHandStop, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { JobSummary } from '../../../src-main/api/types.ts';
import { type JobAct, useJobActs } from './job-acts.ts';
import styles from './job-drawer.module.css';

/** What the host can do about the job that is open: the entries of its row's menu, as buttons. */
export function JobActButtons({ job }: { job: JobSummary }) {
  const { reached, priorities, cancel, interrupt, requeue, copyId } = useJobActs(job);
  return (
    <div>
      <Group gap="xs">
        {requeue && <Act act={requeue} icon={<IconArrowBackUp size="1rem" aria-hidden />} primary />}
        {interrupt && <Act act={interrupt} icon={<IconHandStop size="1rem" aria-hidden />} />}
        {cancel && <Act act={cancel} icon={<IconX size="1rem" aria-hidden />} />}
        {priorities.length > 0 && (
          <Menu position="bottom-start" width={200}>
            <Menu.Target>
              <Button
                size="compact-sm"
                variant="default"
                disabled={!reached}
                rightSection={<IconChevronDown size="0.875rem" aria-hidden />}
              >
                Priority
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {priorities.map(({ label, disabled, take }) => (
                <Menu.Item key={label} disabled={disabled} onClick={take}>
                  {label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        )}
        <Act act={copyId} icon={<IconCopy size="1rem" aria-hidden />} />
      </Group>
      {!reached && <p className={styles.dim}>Redis is not reached now; what is shown is the last word.</p>}
    </div>
  );
}

function Act({ act, icon, primary }: { act: JobAct; icon: ReactNode; primary?: boolean }) {
  return (
    <Button
      size="compact-sm"
      variant={primary ? 'filled' : 'default'}
      leftSection={icon}
      disabled={act.disabled}
      onClick={act.take}
    >
      {act.label}
    </Button>
  );
}
