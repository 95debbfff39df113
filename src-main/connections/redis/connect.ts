import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';

/** Where Redis is and how it is spoken to. */
export interface RedisAddress {
  host: string;
  port: number;
  /** null = the server asks for none. */
  password: string | null;
  tls: boolean;
}

/** Options that say how a connection is used, laid over those that say where it goes. */
export type ConnectionUse = Pick<
  RedisOptions,
  | 'autoResubscribe'
  | 'commandTimeout'
  | 'connectTimeout'
  | 'connectionName'
  | 'enableOfflineQueue'
  | 'enableReadyCheck'
  | 'lazyConnect'
  | 'maxRetriesPerRequest'
  | 'protocol'
  | 'retryStrategy'
>;

/**
 * Makes one more connection to the same Redis. The way there (direct, TLS, a tunnel) is its secret; a tunnel lays its
 * own `Connector` into the options.
 */
export type ConnectRedis = (use: ConnectionUse) => Redis;

/**
 * The direct way: TCP, or TLS for a `rediss://` address.
 * @param trust a certificate authority of one's own, PEM; by default those that Node trusts.
 */
export function directConnection(address: RedisAddress, trust: { ca?: string } = {}): ConnectRedis {
  return (use) =>
    new Redis({
      host: address.host,
      port: address.port,
      ...(address.password === null ? {} : { password: address.password }),
      ...(address.tls
        ? { tls: { ...(isIP(address.host) ? {} : { servername: address.host }), ...trust } }
        : {}),
      noDelay: true,
      keepAlive: 10_000,
      // Saves two round trips that nobody here reads.
      disableClientInfo: true,
      ...use,
    });
}

/** `host:port` in words for people. Holds no secret. */
export function addressInWords({ host, port, tls }: RedisAddress): string {
  return `${tls ? 'rediss://' : ''}${host.includes(':') ? `[${host}]` : host}:${port}`;
}
