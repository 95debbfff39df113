/**
 * Version of what console and agent say to each other through Redis: desired state, control, status, live frames,
 * commands, replies, events. Raised when a reader of the older version would misunderstand the newer one.
 */
export const PROTOCOL_VERSION = 1;

/**
 * Compares the other side's protocol version with ours.
 * @returns undefined when they fit, else a sentence for the host that names both versions and the remedy.
 */
export function protocolMismatch(theirs: number, who: 'console' | 'agent'): string | undefined {
  if (theirs === PROTOCOL_VERSION) return undefined;
  const older = theirs < PROTOCOL_VERSION ? who : who === 'agent' ? 'console' : 'agent';
  return (
    `The ${who} speaks protocol ${theirs}, this side speaks ${PROTOCOL_VERSION}. ` +
    `Upgrade the ${older}, then connect again; running jobs go on meanwhile.`
  );
}
