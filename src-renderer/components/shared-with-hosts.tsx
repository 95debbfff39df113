import { Group, Text } from '@mantine/core';
import { IconUsers, IconUsersMinus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { toLocal, useNow } from '../live/clock.ts';
import { useLive, useLiveData } from '../live/store.ts';
import { clockText, cut } from './format.ts';

/** How what is set here stands with the other hosts: who changed it last, or that they do not see it yet. */
export function SharedWithHosts({ of }: { of: 'room' | 'capacity' }) {
  const mark = useLiveData((state) => state[of]?.shared ?? null);
  const offset = useLive((state) => state.clockOffsetMs);
  const own = useLive((state) => state.console?.name ?? null);
  const now = useNow();
  if (mark?.unshared != null)
    return (
      <Line icon={<IconUsersMinus size="1.125rem" color="var(--warn)" aria-hidden />} tone="var(--text)">
        Kept on this computer: other hosts do not see the newest changes yet. {cut(mark.unshared, 300)} They
        get them as soon as that works.
      </Line>
    );
  const at = toLocal(mark?.changed?.at, offset);
  if (!mark?.changed || at === null) return null;
  const by = mark.changed.by === own ? 'this console' : cut(mark.changed.by, 60);
  return (
    <Line icon={<IconUsers size="1.125rem" aria-hidden />} tone="var(--dim)">
      Shared with the other hosts; last changed by {by}, {clockText(at, now)}.
    </Line>
  );
}

function Line({ icon, tone, children }: { icon: ReactNode; tone: string; children: ReactNode }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" mb="xs" role="status" c={tone}>
      <span style={{ flex: 'none', display: 'grid' }}>{icon}</span>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </Group>
  );
}
