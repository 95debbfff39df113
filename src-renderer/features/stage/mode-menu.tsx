import { Menu, UnstyledButton } from '@mantine/core';
import { IconCheck, IconChevronDown } from '@tabler/icons-react';
import type { QueueMode } from '../../../src-main/api/types.ts';
import { useSetMode } from '../../live/fleet-verbs.ts';
import { modeOf } from '../../live/queue-mode.ts';
import { useLive } from '../../live/store.ts';
import { isReached } from './facts.ts';

/** The queue's orders in words. fifo and priority are the same on the platform (contract 1.5). */
const MODES: Record<QueueMode, { short: string; long: string }> = {
  fifo: { short: 'first in, first out', long: 'Oldest first; a higher priority goes before.' },
  priority: {
    short: 'by priority',
    long: 'Higher priority first, then oldest. Same as first in, first out.',
  },
  round_robin: { short: 'in turns', long: 'The user with the fewest finished jobs ever goes first.' },
  fair: { short: 'fair shares', long: 'The user with the fewest jobs running and done today goes first.' },
};

/** Says in which order jobs start, and changes it. */
export function ModeMenu() {
  const mode = useLive(modeOf);
  const chosen = useLive(({ control }) => control?.mode ?? null);
  const reached = useLive(isReached);
  const setMode = useSetMode();
  const words = mode === null ? 'order not known' : mode === 'mixed' ? 'differs by host' : MODES[mode].short;
  return (
    <Menu position="bottom-end" width={300} disabled={!reached}>
      <Menu.Target>
        <UnstyledButton
          fz="0.8125rem"
          c="var(--dim)"
          aria-label={`Order of the queue: ${words}. Change it`}
          aria-disabled={!reached}
        >
          {words} <IconChevronDown size="0.8125rem" aria-hidden style={{ verticalAlign: '-2px' }} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Who is next</Menu.Label>
        {(Object.keys(MODES) as QueueMode[]).map((id) => (
          <Menu.Item
            key={id}
            data-autofocus={id === 'fifo' || undefined}
            leftSection={<IconCheck size="1rem" style={{ opacity: mode === id ? 1 : 0 }} />}
            onClick={() => setMode.mutate({ mode: id })}
          >
            {MODES[id].short}
            <div style={{ color: 'var(--dim)', fontSize: '0.75rem' }}>{MODES[id].long}</div>
          </Menu.Item>
        ))}
        {chosen !== null && (
          <>
            <Menu.Divider />
            <Menu.Item
              leftSection={<span style={{ width: '1rem' }} />}
              onClick={() => setMode.mutate({ mode: null })}
            >
              As each agent is configured
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
