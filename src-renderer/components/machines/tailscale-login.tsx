import { Button, Group } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useState } from 'react';

/**
 * The way to a login that a machine waits for. Main lets through only addresses that may be opened; the desktop app
 * hands it to the person's browser and opens nothing itself.
 */
export function TailscaleLogin({ url, size = 'sm' }: { url: string; size?: 'sm' | 'compact-sm' }) {
  const [copied, setCopied] = useState<'yes' | 'failed' | null>(null);
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => setCopied('yes'),
      () => setCopied('failed'),
    );
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
      <Button variant="default" size={size} onClick={() => void copy()}>
        {copied === 'yes' ? 'Copied' : copied === 'failed' ? 'Could not copy' : 'Copy the link'}
      </Button>
    </Group>
  );
}
