/**
 * Why something on the VPS did not work. `lost`: no connection, it may come back by itself. `refused`: host key, user
 * or key are not right. `denied`, `no-space`: the VPS is there but does not take the file. `missing`: no such file.
 * `wrong`: what stands there is not what it should be.
 */
export type RemoteFailureKind = 'lost' | 'refused' | 'denied' | 'no-space' | 'missing' | 'wrong';

/** A failure of SSH or SFTP in words. The message says what and why, without a full stop; it holds no secret. */
export class RemoteFailure extends Error {
  override readonly name = 'RemoteFailure';
  readonly kind: RemoteFailureKind;
  /** The next step for the host of the workshop. */
  readonly remedy: string;

  constructor(kind: RemoteFailureKind, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.remedy = remedy;
  }
}

const LOOK_AT_LINK = 'Check that the VPS runs and that Tailscale connects both machines.';

/** What ssh2 says when a connection fails or ends, as a failure. `name` is `host:port`. */
export function connectionFailure(cause: unknown, name: string, user: string): RemoteFailure {
  if (cause instanceof RemoteFailure) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/All configured authentication methods failed/.test(message))
    return new RemoteFailure(
      'refused',
      `the VPS at ${name} does not let ${user} in with the key of VPS_SSH_KEY_FILE`,
      `Add the key's public half to ~/.ssh/authorized_keys of ${user} on the VPS, or correct VPS_SSH_USER.`,
      cause,
    );
  if (/Keepalive timeout/.test(message))
    return new RemoteFailure('lost', `the VPS at ${name} no longer answers`, LOOK_AT_LINK, cause);
  if (/Timed out while waiting for handshake/.test(message))
    return new RemoteFailure('lost', `the VPS at ${name} does not answer in time`, LOOK_AT_LINK, cause);
  if (/ECONNREFUSED/.test(message))
    return new RemoteFailure(
      'lost',
      `nothing answers SSH at ${name}`,
      'Check VPS_SSH_HOST and VPS_SSH_PORT, and that sshd runs on the VPS.',
      cause,
    );
  if (/ENOTFOUND|EAI_AGAIN/.test(message))
    return new RemoteFailure(
      'lost',
      `the name of the VPS in VPS_SSH_HOST cannot be resolved (${name})`,
      'Give the Tailscale address of the VPS (100.x.y.z).',
      cause,
    );
  return new RemoteFailure(
    'lost',
    `the connection to the VPS at ${name} failed: ${message}`,
    LOOK_AT_LINK,
    cause,
  );
}

/** SFTP status codes (version 3 of the protocol). */
const STATUS = { noSuchFile: 2, permissionDenied: 3, noConnection: 6, connectionLost: 7 } as const;

/** What an SFTP operation answered, as a failure. `act` completes "the VPS could not …". */
export function operationFailure(cause: unknown, act: string): RemoteFailure {
  if (cause instanceof RemoteFailure) return cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const message = cause instanceof Error ? cause.message : String(cause);
  switch (code) {
    case STATUS.noSuchFile:
      return new RemoteFailure(
        'missing',
        `the VPS could not ${act}: it is not there`,
        'Check the path.',
        cause,
      );
    case STATUS.permissionDenied:
      return new RemoteFailure(
        'denied',
        `the VPS could not ${act}: permission denied`,
        'Give VPS_SSH_USER the right to do so on the VPS.',
        cause,
      );
    case STATUS.noConnection:
    case STATUS.connectionLost:
      return lost(cause);
    default:
      if (/No response from server|Not connected|not writable|Channel/i.test(message)) return lost(cause);
      return new RemoteFailure(
        'wrong',
        `the VPS could not ${act}: ${message}`,
        'Look at the disk of the VPS.',
        cause,
      );
  }
}

function lost(cause: unknown): RemoteFailure {
  return new RemoteFailure('lost', 'the connection to the VPS broke off', LOOK_AT_LINK, cause);
}

/** The one door from `unknown` to a failure here. */
export function toRemoteFailure(cause: unknown): RemoteFailure {
  if (cause instanceof RemoteFailure) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RemoteFailure('wrong', `it could not be sent: ${message}`, "Look at the agent's log.", cause);
}
