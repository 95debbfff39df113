import type { ErrorCode } from '../../../worker-agent/src/contract/errors.ts';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';

/** Why a link to Redis is down, for the person who looks at it. */
export interface LinkFailure {
  code: ErrorCode;
  why: string;
  remedy: string;
  /** Trying again by itself can help; otherwise a person has to change something first. */
  retries: boolean;
  /** The machine at the address answered, if only to refuse. */
  answered?: boolean;
}

const TUNNEL_REMEDY =
  'Give the address of Redis as the VPS itself sees it (often 127.0.0.1), and check that Redis runs there.';

/**
 * Translates what the socket, TLS or Redis said into words. The one place that matches such texts.
 * @param where the address in words, without secrets.
 */
export function explainLinkFailure(cause: unknown, where: string): LinkFailure {
  const text = cause instanceof Error ? cause.message : String(cause ?? '');
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';

  // The way there is an SSH link: what it says is nearer to the truth than what became of the connection.
  if (cause instanceof WorkshopError && cause.code === 'HOST_LINK_LOST')
    return retries('REDIS_UNREACHABLE', `Redis at ${where}: ${cause.message}`, cause.remedy ?? TUNNEL_REMEDY);
  if (/Channel open failure/.test(text))
    return retries('REDIS_UNREACHABLE', `The VPS finds nothing that answers at ${where}.`, TUNNEL_REMEDY);
  if (/^NOAUTH/.test(text))
    return waits('REDIS_AUTH', `Redis at ${where} wants a password and none is set.`, NO_PASSWORD_REMEDY);
  if (/^(WRONGPASS|ERR invalid password|NOPERM)/.test(text))
    return waits('REDIS_AUTH', `Redis at ${where} refuses the password.`, PASSWORD_REMEDY);
  if (/Unknown RESP type|Protocol error, got/i.test(text))
    return retries(
      'REDIS_UNREACHABLE',
      `What answers at ${where} is no Redis.`,
      'Check address and port. The network of a hotel or a school may answer instead until you have logged in to it.',
    );
  if (/^LOADING/.test(text))
    return retries(
      'REDIS_NOT_READY',
      `Redis at ${where} is still loading its data.`,
      'Wait; this ends by itself.',
    );
  if (/^DENIED/.test(text))
    return waits(
      'REDIS_AUTH',
      `Redis at ${where} is in protected mode and refuses connections from other machines.`,
      'Set REDIS_PASSWORD in the VPS\u2019s .env and start its Redis again.',
    );
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(GET|VERIFY)|certificate/i.test(`${code} ${text}`))
    return waits(
      'REDIS_UNREACHABLE',
      `The certificate of Redis at ${where} is not trusted (${code || text}).`,
      'Use the host name the certificate was made for, or have the VPS\u2019s certificate renewed.',
    );
  if (code === 'EPROTO' || /wrong version number|packet length too long/i.test(text))
    return waits(
      'REDIS_PROTOCOL',
      `Redis at ${where} does not speak TLS on this port.`,
      'Switch TLS off for this workshop, or give the TLS port.',
    );
  if (code === 'ECONNREFUSED')
    return {
      ...retries(
        'REDIS_UNREACHABLE',
        `Nothing accepts connections at ${where}.`,
        'Check that Redis runs on the VPS and that REDIS_BIND_IP in its .env is the address given here.',
      ),
      answered: true,
    };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return retries(
      'REDIS_UNREACHABLE',
      `The name in ${where} cannot be looked up.`,
      'Check the host name, and that this laptop is online.',
    );
  if (['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'].includes(code) || /ETIMEDOUT/.test(text))
    return retries(
      'REDIS_UNREACHABLE',
      `${where} cannot be reached.`,
      'Check that this laptop is online and, for a 100.x address, connected to Tailscale.',
    );
  if (code === 'ECONNRESET' || code === 'EPIPE' || text === '' || /Connection is closed/.test(text))
    return retries(
      'REDIS_UNREACHABLE',
      `Redis at ${where} closed the connection.`,
      'It is probably restarting. If this stays, check whether it wants TLS.',
    );
  return retries(
    toWorkshopError(cause, 'REDIS_UNREACHABLE').code,
    `Redis at ${where}: ${text}`,
    OTHER_REMEDY,
  );
}

/** The failure of a link that is open but silent. */
export function silence(where: string, ms: number): LinkFailure {
  return retries(
    'REDIS_UNREACHABLE',
    `Redis at ${where} has been silent for ${Math.round(ms / 1000)} s.`,
    'Check the network of this laptop and that the VPS is up.',
  );
}

/** The failure of a link that opened and was never answered. A Redis without TLS waits for ever for a plain line. */
export function noGreeting(where: string): LinkFailure {
  const overTls = where.startsWith('rediss://');
  return retries(
    'REDIS_UNREACHABLE',
    `${where} does not answer.`,
    overTls
      ? 'Check that this port speaks TLS, the network of this laptop, and that the VPS is up.'
      : 'Check the network of this laptop and that the VPS is up.',
  );
}

const NO_PASSWORD_REMEDY = 'Enter the password; it is REDIS_PASSWORD in the .env on the VPS.';
const PASSWORD_REMEDY = 'Enter the password again; it is REDIS_PASSWORD in the .env on the VPS.';
const OTHER_REMEDY = 'Check that the VPS and its Redis are up.';

function retries(code: ErrorCode, why: string, remedy: string): LinkFailure {
  return { code, why, remedy, retries: true };
}

/** What only a person can mend was told by the other end. */
function waits(code: ErrorCode, why: string, remedy: string): LinkFailure {
  return { code, why, remedy, retries: false, answered: true };
}
