import { Group, Text } from '@mantine/core';
import { IconUsersMinus } from '@tabler/icons-react';

/** Says that what is set here has not reached the other hosts yet. @param why a sentence; null says nothing. */
export function NotShared({ why }: { why: string | null }) {
  if (why === null) return null;
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" role="status">
      <IconUsersMinus size="1.125rem" color="var(--warn)" aria-hidden style={{ flex: 'none' }} />
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        Kept on this computer: other hosts do not see the newest changes yet. {why} They get them as soon as
        that works.
      </Text>
    </Group>
  );
}
