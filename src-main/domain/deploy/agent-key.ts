/** The key with which the agent brings files to the VPS, and the line that lets it in there. */

/** `ssh-ed25519` and 68 characters of base64: nothing else from a rented machine gets into authorized_keys. */
const PUBLIC_KEY = /^(ssh-ed25519 AAAA[A-Za-z0-9+/]{64})(?: [^\r\n]*)?\n?$/;

/** Type and base64 of a .pub file; undefined when it is not exactly one such key. */
export function publicKeyIn(text: string): string | undefined {
  return PUBLIC_KEY.exec(text)?.[1];
}

/** The comment by which the line is found again. `hostId` is of letters, digits and `_.-` (contract/host.ts). */
export const keyMarker = (hostId: string) => `worker-agent@${hostId}`;

/**
 * SFTP as that user and nothing else: no shell, no forwarding, no terminal.
 * @param permit `host:port` that it may be forwarded to besides: Redis, as the VPS sees it. null for nothing.
 */
export function keyLine(publicKey: string, hostId: string, permit: string | null): string {
  const forward = permit === null ? '' : `port-forwarding,permitopen="${permit}",`;
  return `restrict,${forward}command="internal-sftp" ${publicKey} ${keyMarker(hostId)}`;
}
