import type { Client } from './client.ts';

/**
 * Tells main when Chromium, in a browser or in the desktop app, says that this computer is online again: main dials at
 * once instead of at its next turn.
 * @returns a function that ends it.
 */
export function followNetwork(client: Client): () => void {
  const tell = () => void client.network.changed.mutate().catch(() => {});
  window.addEventListener('online', tell);
  return () => window.removeEventListener('online', tell);
}
