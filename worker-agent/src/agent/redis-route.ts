import type { Duplex } from 'node:stream';
import type { RedisOptions } from 'ioredis';
import { connectSsh, nameOf, type SshSession, type VpsAddress } from '../outputs/sftp/ssh-session.ts';
import { securedStream, streamConnector } from '../queue/stream-connector.ts';
import type { RedisConfig } from './config.ts';

/** How the connections of one process get to Redis. */
export interface RedisRoute {
  /** Options that every one of them shares. */
  readonly options: RedisOptions;
  /** For sentences: "100.64.0.7:6379", or with the way it takes. */
  readonly label: string;
  /** Idempotent. Connections that still use it break. */
  close(): void;
}

/** Redis is asked this long for a stream through a connection that stands, ms. */
const STREAM_MS = 5000;
const PACE = { keepaliveMs: 5000, handshakeMs: 10_000 };
/** Between two logins after one that failed, ms: an sshd that is knocked at all the time shuts its door. */
const PAUSE = { firstMs: 500, longestMs: 30_000 };

/** Directly, or through the SSH of the VPS where this machine has no other way (REDIS_THROUGH). */
export function redisRoute(config: RedisConfig): RedisRoute {
  const { host, port, password, tls, through } = config;
  const options: RedisOptions = {
    password: password ?? undefined,
    protocol: 2,
    connectTimeout: PACE.handshakeMs,
  };
  if (through === null)
    return {
      options: {
        ...options,
        ...{ host, port, tls: tls ? {} : undefined },
        ...{ connectTimeout: 5000, keepAlive: 10_000, noDelay: true },
      },
      label: `${host}:${port}`,
      close() {},
    };
  const tunnel = openTunnel(through, config);
  return {
    options: { ...options, disableClientInfo: true, Connector: streamConnector(tunnel.stream) },
    label: `${host}:${port}, through the SSH of ${through.user}@${nameOf(through)}`,
    close: tunnel.close,
  };
}

/**
 * One SSH connection, apart from that of the files, so that a video on its way delays no claim. It is made when a
 * stream is wanted, and anew after it broke.
 */
function openTunnel(vps: VpsAddress, { host, port, tls }: RedisConfig) {
  let session: SshSession | undefined;
  let attempt: Promise<SshSession> | undefined;
  let closed = false;
  let pause = PAUSE.firstMs;
  let failed: { cause: unknown; until: number } | undefined;

  const logIn = async (): Promise<SshSession> => {
    try {
      const made = await connectSsh(vps, PACE);
      if (closed) made.end();
      session = made;
      failed = undefined;
      pause = PAUSE.firstMs;
      void made.gone.then(() => {
        if (session === made) session = undefined;
      });
      return made;
    } catch (cause) {
      failed = { cause, until: performance.now() + pause * (0.75 + Math.random() / 2) };
      pause = Math.min(pause * 2, PAUSE.longestMs);
      throw cause;
    } finally {
      attempt = undefined;
    }
  };
  const forward = (through: SshSession) =>
    new Promise<Duplex>((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error('the VPS does not answer in time'));
        // Frozen: the next stream is to come over a new one.
        through.end();
      }, STREAM_MS);
      void through.gone.then((failure) => {
        clearTimeout(late);
        reject(failure);
      });
      through.client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
        clearTimeout(late);
        if (error) return reject(refusedOn(error, host, port));
        // sshd tells the end of Redis as an end of data only; without this the connection would seem to stand.
        channel.on('end', () => channel.destroy());
        resolve(channel);
      });
    });

  return {
    async stream(): Promise<Duplex> {
      if (closed) throw new Error('the agent stops');
      // The pause is not waited out here: whoever asks is told why, and asks again.
      if (!session && failed && performance.now() < failed.until) throw failed.cause;
      if (!session) {
        attempt ??= logIn();
        await attempt;
      }
      if (!session) throw new Error('the connection to the VPS broke off');
      const channel = await forward(session);
      return tls ? securedStream(channel, host) : channel;
    },
    close() {
      closed = true;
      session?.end();
    },
  };
}

/** sshd says no to a stream: by its rules for this key, or because nothing listens. */
function refusedOn(cause: Error, host: string, port: number): Error {
  // RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED.
  const why =
    'reason' in cause && cause.reason === 1
      ? 'its SSH does not let this key through to Redis'
      : 'nothing accepts connections there (ECONNREFUSED)';
  return new Error(`on the VPS ${host}:${port}: ${why}`, { cause });
}
