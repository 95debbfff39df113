import { Button, type ButtonProps } from '@mantine/core';
import { useState } from 'react';

/** Takes a text to the clipboard and says whether that worked. */
export function CopyButton({
  text,
  label,
  size,
}: {
  text: string;
  label: string;
  size?: ButtonProps['size'];
}) {
  const [copied, setCopied] = useState<'yes' | 'failed' | null>(null);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied('yes'),
      () => setCopied('failed'),
    );
  return (
    <Button variant="default" size={size} onClick={() => void copy()}>
      {copied === 'yes' ? 'Copied' : copied === 'failed' ? 'Could not copy' : label}
    </Button>
  );
}
