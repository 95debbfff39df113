import { Button, Group } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { CopyButton } from '../copy-button.tsx';

/**
 * The way to a login that a machine waits for. Main lets through only addresses that may be opened; the desktop app
 * hands it to the person's browser and opens nothing itself.
 */
export function TailscaleLogin({ url, size = 'sm' }: { url: string; size?: 'sm' | 'compact-sm' }) {
  return (
    <Group gap="xs" mt={6}>
      <Button
        component="a"
        href={url}
        target="_blank"
        rel="noopener noreferrer"
        size={size}
        rightSection={<IconExternalLink size="1rem" aria-hidden />}
      >
        Open the Tailscale login
      </Button>
      <CopyButton text={url} label="Copy the link" size={size} />
    </Group>
  );
}
